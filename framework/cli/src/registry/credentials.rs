//! Who asks: basic, bearer or a client certificate.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ureq::tls::{Certificate, ClientCert, PemItem, PrivateKey, RootCerts, parse_pem};

use super::file_secret::{Secret, file, secret, variable};
use crate::Failure;

const USER: &str = "CHOREOGRAPH_REGISTRY_USER";
const PASSWORD: &str = "CHOREOGRAPH_REGISTRY_PASSWORD";
const TOKEN: &str = "CHOREOGRAPH_REGISTRY_TOKEN";
const CERTIFICATE: &str = "CHOREOGRAPH_REGISTRY_CERTIFICATE_FILE";
const KEY: &str = "CHOREOGRAPH_REGISTRY_KEY_FILE";
const AUTHORITIES: &str = "CHOREOGRAPH_REGISTRY_CA_FILE";

/// What a registry is told about who asks, and whom to trust.
#[derive(Debug, Clone, Default)]
pub struct Credentials {
    /// The whole value of the header `Authorization`.
    authorization: Option<Secret>,
    /// What must not be repeated: the password or the token, and what the password is sent as.
    secrets: Vec<Secret>,
    pub(super) certificate: Option<ClientCert>,
    pub(super) trusted: Option<RootCerts>,
}

impl Credentials {
    /// A user and a password.
    pub fn basic(user: &str, password: &str) -> Self {
        let pair = STANDARD.encode(format!("{user}:{password}"));
        Self {
            authorization: Some(Secret::new(format!("Basic {pair}"))),
            secrets: vec![Secret::new(pair), Secret::new(password.to_owned())],
            ..Self::default()
        }
    }

    /// A bearer token.
    pub fn bearer(token: &str) -> Self {
        Self {
            authorization: Some(Secret::new(format!("Bearer {token}"))),
            secrets: vec![Secret::new(token.to_owned())],
            ..Self::default()
        }
    }

    /// What the environment says.
    ///
    /// # Errors
    ///
    /// A [`Failure`] of usage if the variables contradict each other, or name files that cannot be read.
    pub fn from_environment() -> Result<Self, Failure> {
        let (user, password, token) = (variable(USER)?, secret(PASSWORD)?, secret(TOKEN)?);
        let mut credentials = match (user, password, token) {
            (None, None, None) => Self::default(),
            (Some(user), Some(password), None) if !user.contains(':') => {
                Self::basic(&user, password.reveal())
            }
            (None, None, Some(token)) if is_header_text(token.reveal()) => Self::bearer(token.reveal()),
            (Some(_), Some(_), None) => return Err(Failure::usage(format!("{USER} has a colon in it"))),
            (None, None, Some(_)) => {
                return Err(Failure::usage(format!("{TOKEN} is no token: it has blanks in it")));
            }
            (_, _, Some(_)) => {
                return Err(Failure::usage(format!(
                    "{TOKEN} and a user or a password are both set: set one of them"
                )));
            }
            _ => return Err(Failure::usage(format!("{USER} and {PASSWORD} go together: set both, or none"))),
        };
        credentials.certificate = client_certificate()?;
        credentials.trusted = trusted()?;
        Ok(credentials)
    }

    pub(super) fn authorization(&self) -> Option<&str> {
        self.authorization.as_ref().map(Secret::reveal)
    }

    /// `text` without anything secret in it.
    pub(super) fn hide_in(&self, text: &str) -> String {
        let secrets = self.authorization.iter().chain(&self.secrets);
        secrets.fold(text.to_owned(), |text, secret| secret.hide_in(&text))
    }
}

fn is_header_text(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic())
}

fn client_certificate() -> Result<Option<ClientCert>, Failure> {
    let (chain, key) = match (variable(CERTIFICATE)?, variable(KEY)?) {
        (None, None) => return Ok(None),
        (Some(chain), Some(key)) => (chain, key),
        _ => return Err(Failure::usage(format!("{CERTIFICATE} and {KEY} go together: set both, or none"))),
    };
    let chain = certificates(CERTIFICATE, &chain)?;
    let key = PrivateKey::from_pem(&file(KEY, &key)?)
        .map_err(|_| Failure::usage(format!("the file that {KEY} names holds no private key in PEM")))?;
    Ok(Some(ClientCert::new_with_certs(&chain, key)))
}

fn trusted() -> Result<Option<RootCerts>, Failure> {
    let Some(path) = variable(AUTHORITIES)? else { return Ok(None) };
    Ok(Some(RootCerts::new_with_certs(&certificates(AUTHORITIES, &path)?)))
}

fn certificates(variable: &str, path: &str) -> Result<Vec<Certificate<'static>>, Failure> {
    let bytes = file(variable, path)?;
    let found: Vec<_> = parse_pem(&bytes)
        .filter_map(|item| match item {
            Ok(PemItem::Certificate(certificate)) => Some(certificate),
            _ => None,
        })
        .collect();
    if found.is_empty() {
        return Err(Failure::usage(format!("the file that {variable} names holds no certificate in PEM")));
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::Credentials;

    #[test]
    fn the_header_is_that_of_the_standard() {
        let credentials = Credentials::basic("Aladdin", "open sesame");
        assert_eq!(credentials.authorization(), Some("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="));
        assert_eq!(Credentials::bearer("abc").authorization(), Some("Bearer abc"));
    }

    #[test]
    fn no_message_repeats_them() {
        let credentials = Credentials::basic("Aladdin", "open sesame");
        let text = credentials.hide_in("no `open sesame`, no Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
        assert_eq!(text, "no `…`, no …");
        let text = credentials.hide_in("bad credentials QWxhZGRpbjpvcGVuIHNlc2FtZQ==, open%20sesame");
        assert_eq!(text, "bad credentials …, …");
        assert!(!format!("{credentials:?}").contains("sesame"));
    }
}
