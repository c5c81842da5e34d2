//! Rights of users, granted and withdrawn by the two requests of Kafka's protocol that do that.
//!
//! rdkafka does not wrap them. Both are written here in the last version without tagged fields, 1: see
//! [the protocol](https://kafka.apache.org/protocol#The_Messages_CreateAcls).

use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

const CREATE_ACLS: i16 = 30;
const DELETE_ACLS: i16 = 31;
const VERSION: i16 = 1;
/// The name is meant as it stands.
const LITERAL: i8 = 3;
const ALLOW: i8 = 3;
const ANY_HOST: &str = "*";
/// Time the broker has for its answer.
const WITHIN: Duration = Duration::from_secs(30);
/// No answer to what is asked here is nearly as long.
const LONGEST_ANSWER: usize = 1 << 20;

/// What may be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// Records may be read, or a group joined and committed for.
    Read,
    /// Records may be written.
    Write,
    /// A topic may be made.
    Create,
    /// It may be known that it is there. What may be read or written may be described too.
    Describe,
}

impl Operation {
    fn code(self) -> i8 {
        match self {
            Self::Read => 3,
            Self::Write => 4,
            Self::Create => 5,
            Self::Describe => 8,
        }
    }
}

/// One operation on one topic, group or transactional id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Right {
    resource: i8,
    name: String,
    operation: Operation,
}

impl Right {
    /// `operation` on the topic `name`.
    pub fn topic(name: &str, operation: Operation) -> Self {
        Self { resource: 2, name: name.to_owned(), operation }
    }

    /// `operation` on the consumer group `name`.
    pub fn group(name: &str, operation: Operation) -> Self {
        Self { resource: 3, name: name.to_owned(), operation }
    }

    /// `operation` on the transactional id `name`.
    pub fn transactional_id(name: &str, operation: Operation) -> Self {
        Self { resource: 5, name: name.to_owned(), operation }
    }

    fn write(&self, request: &mut Vec<u8>, user: &str) {
        request.extend(self.resource.to_be_bytes());
        text(request, &self.name);
        request.extend(LITERAL.to_be_bytes());
        text(request, &format!("User:{user}"));
        text(request, ANY_HOST);
        request.extend(self.operation.code().to_be_bytes());
        request.extend(ALLOW.to_be_bytes());
    }
}

/// Grants `rights` to `user`.
pub(crate) fn grant(broker: SocketAddr, user: &str, rights: &[Right]) -> io::Result<()> {
    ask(broker, CREATE_ACLS, user, rights)
}

/// Takes `rights` from `user`.
pub(crate) fn withdraw(broker: SocketAddr, user: &str, rights: &[Right]) -> io::Result<()> {
    ask(broker, DELETE_ACLS, user, rights)
}

/// One after the other, so that an answer holds one result.
fn ask(broker: SocketAddr, request: i16, user: &str, rights: &[Right]) -> io::Result<()> {
    let mut stream = TcpStream::connect(broker)?;
    stream.set_read_timeout(Some(WITHIN))?;
    for right in rights {
        let mut body = Vec::new();
        body.extend(request.to_be_bytes());
        body.extend(VERSION.to_be_bytes());
        body.extend(0_i32.to_be_bytes()); // The answer's number.
        text(&mut body, "choreograph-tests");
        body.extend(1_i32.to_be_bytes()); // How many.
        right.write(&mut body, user);
        stream.write_all(&(body.len() as u32).to_be_bytes())?;
        stream.write_all(&body)?;
        if let Some(code) = error(&answer(&mut stream)?)? {
            return Err(io::Error::other(format!("the broker answered {right:?} with error {code}")));
        }
    }
    Ok(())
}

fn answer(stream: &mut TcpStream) -> io::Result<Vec<u8>> {
    let mut length = [0; 4];
    stream.read_exact(&mut length)?;
    let length = u32::from_be_bytes(length) as usize;
    if length > LONGEST_ANSWER {
        return Err(io::Error::other(format!("an answer of {length} bytes")));
    }
    let mut answer = vec![0; length];
    stream.read_exact(&mut answer)?;
    Ok(answer)
}

/// The error of the one result, behind its number, the time throttled and the count of results.
fn error(answer: &[u8]) -> io::Result<Option<i16>> {
    let code = answer.get(12..14).ok_or_else(|| io::Error::other("an answer without a result"))?;
    let code = i16::from_be_bytes([code[0], code[1]]);
    Ok(Some(code).filter(|code| *code != 0))
}

fn text(request: &mut Vec<u8>, text: &str) {
    request.extend((text.len() as u16).to_be_bytes());
    request.extend(text.as_bytes());
}
