//! librdkafka's error codes, said in words.

use rdkafka::types::RDKafkaErrorCode;

/// What kind of trouble an error code stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trouble {
    /// The brokers cannot be reached; nothing to do but wait.
    Away,
    /// The broker refuses the login.
    Login,
    /// The encrypted connection could not be made.
    Certificate,
    /// The broker refuses a right on a topic, a group or the cluster.
    Right,
    /// A topic does not exist.
    NoTopic,
    /// The client can do nothing more and has to be replaced.
    Fatal,
    /// Anything else; librdkafka retries what can be retried.
    Other,
}

impl Trouble {
    /// The kind of a code.
    pub(super) fn of(code: RDKafkaErrorCode) -> Self {
        use RDKafkaErrorCode as Code;
        match code {
            Code::AllBrokersDown | Code::BrokerTransportFailure | Code::Resolve => Self::Away,
            Code::Authentication
            | Code::SaslAuthenticationFailed
            | Code::UnsupportedSASLMechanism
            | Code::IllegalSASLState => Self::Login,
            Code::SSL => Self::Certificate,
            Code::TopicAuthorizationFailed
            | Code::GroupAuthorizationFailed
            | Code::ClusterAuthorizationFailed
            | Code::TransactionalIdAuthorizationFailed => Self::Right,
            Code::UnknownTopic | Code::UnknownTopicOrPartition | Code::UnknownPartition => Self::NoTopic,
            Code::Fatal => Self::Fatal,
            _ => Self::Other,
        }
    }

    /// The kind of a code that came with `text`: a broker that refuses our certificate hangs up, and only OpenSSL's words
    /// tell that from a broker that is away.
    pub(super) fn told(code: RDKafkaErrorCode, text: &str) -> Self {
        match Self::of(code) {
            Self::Away if text.contains("SSL routines") => Self::Certificate,
            trouble => trouble,
        }
    }

    /// What it means and what to do, to be followed by librdkafka's own text.
    pub(super) fn advice(self) -> &'static str {
        match self {
            Self::Away => "no broker can be reached; waiting for one",
            Self::Login => {
                "the broker refused the login; check KAFKA_SASL_MECHANISM, KAFKA_SASL_USERNAME and \
                 KAFKA_SASL_PASSWORD"
            }
            Self::Certificate => {
                "no encrypted connection could be made; check KAFKA_SSL_CA_LOCATION, the broker's name in its \
                 certificate, that the broker expects KAFKA_SECURITY_PROTOCOL, and, where it demands a certificate, \
                 KAFKA_SSL_CERTIFICATE_LOCATION and KAFKA_SSL_KEY_LOCATION"
            }
            Self::Right => "the broker refused a right; grant it to this service's user",
            Self::NoTopic => "a topic does not exist",
            Self::Fatal => "the client can do nothing more and is replaced",
            Self::Other => "the client reported an error",
        }
    }

    /// Whether waiting alone will not mend it.
    pub(super) fn needs_a_person(self) -> bool {
        matches!(self, Self::Login | Self::Certificate | Self::Right | Self::NoTopic)
    }
}

/// Why a topic cannot be written to now, in the words of `/ready`, and what to do.
pub(super) fn set_up(code: RDKafkaErrorCode) -> String {
    let error = protocol_name(code);
    match Trouble::of(code) {
        Trouble::Right => format!("the right to write ({error}): grant it to this service's user"),
        Trouble::NoTopic => format!("the topic ({error}): create it"),
        _ => error,
    }
}

/// The code as the protocol's documentation spells it, for example `TOPIC_AUTHORIZATION_FAILED`.
pub(super) fn protocol_name(code: RDKafkaErrorCode) -> String {
    let spelled = format!("{code:?}");
    let mut name = String::with_capacity(spelled.len() + 8);
    let letters: Vec<char> = spelled.chars().collect();
    for (index, letter) in letters.iter().enumerate() {
        let after_small = index > 0 && !letters[index - 1].is_uppercase();
        let before_small = letters.get(index + 1).is_some_and(char::is_ascii_lowercase);
        if letter.is_uppercase() && index > 0 && (after_small || before_small) {
            name.push('_');
        }
        name.push(letter.to_ascii_uppercase());
    }
    match name.as_str() {
        "MESSAGE_SIZE_TOO_LARGE" => "MSG_SIZE_TOO_LARGE".to_owned(),
        _ => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_read_as_the_protocol_spells_them() {
        for (code, name) in [
            (RDKafkaErrorCode::TopicAuthorizationFailed, "TOPIC_AUTHORIZATION_FAILED"),
            (RDKafkaErrorCode::MessageSizeTooLarge, "MSG_SIZE_TOO_LARGE"),
            (RDKafkaErrorCode::UnknownTopicOrPartition, "UNKNOWN_TOPIC_OR_PARTITION"),
            (RDKafkaErrorCode::UnsupportedSASLMechanism, "UNSUPPORTED_SASL_MECHANISM"),
            (RDKafkaErrorCode::SSL, "SSL"),
        ] {
            assert_eq!(protocol_name(code), name);
        }
    }

    #[test]
    fn a_refused_certificate_is_not_a_broker_that_is_away() {
        let text =
            "Receive failed: error:0A000412:SSL routines::sslv3 alert bad certificate: SSL alert number 42";
        let code = RDKafkaErrorCode::BrokerTransportFailure;
        assert_eq!(Trouble::told(code, text), Trouble::Certificate);
        assert_eq!(Trouble::told(code, "Connection refused"), Trouble::Away);
    }

    #[test]
    fn what_keeps_a_topic_from_being_written_is_told_with_what_to_do() {
        let told = set_up(RDKafkaErrorCode::TopicAuthorizationFailed);
        assert_eq!(told, "the right to write (TOPIC_AUTHORIZATION_FAILED): grant it to this service's user");
        let told = set_up(RDKafkaErrorCode::UnknownTopicOrPartition);
        assert_eq!(told, "the topic (UNKNOWN_TOPIC_OR_PARTITION): create it");
        assert_eq!(set_up(RDKafkaErrorCode::LogDirNotFound), "LOG_DIR_NOT_FOUND");
    }

    #[test]
    fn only_what_waiting_does_not_mend_needs_a_person() {
        assert!(Trouble::of(RDKafkaErrorCode::Authentication).needs_a_person());
        assert!(Trouble::of(RDKafkaErrorCode::SSL).needs_a_person());
        assert!(Trouble::of(RDKafkaErrorCode::GroupAuthorizationFailed).needs_a_person());
        assert!(!Trouble::of(RDKafkaErrorCode::AllBrokersDown).needs_a_person());
        assert!(!Trouble::of(RDKafkaErrorCode::RequestTimedOut).needs_a_person());
    }
}
