//! One record written without a client: with a header whose name is any bytes, as other clients can write it.

use std::io::{self, Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use super::{Record, TopicError, WITHIN};

/// The key of a request to write, and a version of it that every broker since 0.11 takes.
const PRODUCE: (i16, i16) = (0, 3);

/// Answers of a broker that does not lead the partition yet.
const UNKNOWN_PARTITION: i16 = 3;
/// The same.
const NOT_LEADER: i16 = 6;

/// The longest answer that is read, in bytes.
const MAX_ANSWER: i32 = 1024 * 1024;

/// Writes `record` with one more header, which is called `name` and has the value `x`. It goes to partition 0 unless the
/// record says otherwise.
///
/// Kafka takes any bytes for the name of a header; rdkafka writes only UTF-8. The one broker at `bootstrap` must lead the
/// partition.
///
/// # Errors
///
/// When the broker cannot be reached or refuses.
pub fn write_with_header_name(bootstrap: &str, record: &Record, name: &[u8]) -> Result<(), TopicError> {
    let (request, end) = (request(record, name), Instant::now() + WITHIN);
    loop {
        let state = match exchange(bootstrap, &request) {
            Ok(0) => return Ok(()),
            // A broker that was just told to lead the partition.
            Ok(UNKNOWN_PARTITION | NOT_LEADER) if Instant::now() < end => {
                std::thread::sleep(Duration::from_millis(50));
                continue;
            }
            Ok(code) => format!("the broker answers with error {code}"),
            Err(error) => error.to_string(),
        };
        return Err(TopicError::Late { doing: format!("write to topic {}", record.topic), state });
    }
}

/// Sends one request, and gives the error code of its one partition.
fn exchange(bootstrap: &str, request: &[u8]) -> io::Result<i16> {
    let mut stream = TcpStream::connect(bootstrap)?;
    stream.set_read_timeout(Some(WITHIN))?;
    stream.write_all(request)?;
    let mut length = [0; 4];
    stream.read_exact(&mut length)?;
    let length = i32::from_be_bytes(length);
    let length = usize::try_from(length.clamp(0, MAX_ANSWER)).unwrap_or(0);
    let mut answer = vec![0; length];
    stream.read_exact(&mut answer)?;
    // The correlation id, one topic with its name, one partition with its number.
    let name = answer.get(8..10).map_or(0, |name| usize::from(u16::from_be_bytes([name[0], name[1]])));
    let code = answer.get(10 + name + 8..10 + name + 10).ok_or(io::ErrorKind::UnexpectedEof)?;
    Ok(i16::from_be_bytes([code[0], code[1]]))
}

fn request(record: &Record, name: &[u8]) -> Vec<u8> {
    let batch = batch(record, name);
    let timeout = i32::try_from(WITHIN.as_millis()).unwrap_or(i32::MAX);
    let mut body = Vec::new();
    body.extend(PRODUCE.0.to_be_bytes());
    body.extend(PRODUCE.1.to_be_bytes());
    body.extend(1_i32.to_be_bytes()); // correlation id
    body.extend((-1_i16).to_be_bytes()); // no client id
    body.extend((-1_i16).to_be_bytes()); // no transaction
    body.extend((-1_i16).to_be_bytes()); // acks of all
    body.extend(timeout.to_be_bytes());
    body.extend(1_i32.to_be_bytes()); // topics
    body.extend((record.topic.len() as u16).to_be_bytes());
    body.extend(record.topic.as_bytes());
    body.extend(1_i32.to_be_bytes()); // partitions
    body.extend(record.partition.unwrap_or(0).to_be_bytes());
    body.extend((batch.len() as u32).to_be_bytes());
    body.extend(batch);
    [&(body.len() as u32).to_be_bytes()[..], &body].concat()
}

/// A batch of the one record: <https://kafka.apache.org/documentation/#recordbatch>.
fn batch(record: &Record, name: &[u8]) -> Vec<u8> {
    let timestamp = record.timestamp.unwrap_or(0).to_be_bytes();
    let mut summed = Vec::new();
    summed.extend(0_i16.to_be_bytes()); // attributes
    summed.extend(0_i32.to_be_bytes()); // last offset
    summed.extend(timestamp);
    summed.extend(timestamp);
    summed.extend((-1_i64).to_be_bytes()); // no producer id
    summed.extend((-1_i16).to_be_bytes()); // no epoch
    summed.extend((-1_i32).to_be_bytes()); // no sequence
    summed.extend(1_i32.to_be_bytes()); // records
    summed.extend(one(record, name));
    let mut batch = Vec::new();
    batch.extend(0_i64.to_be_bytes()); // base offset
    batch.extend((summed.len() as u32 + 9).to_be_bytes());
    batch.extend((-1_i32).to_be_bytes()); // leader epoch
    batch.push(2); // magic
    batch.extend(crc32c(&summed).to_be_bytes());
    batch.extend(summed);
    batch
}

fn one(record: &Record, name: &[u8]) -> Vec<u8> {
    let headers = record.headers.iter().map(|(name, value)| (name.as_bytes(), value.as_deref()));
    let headers: Vec<_> = headers.chain([(name, Some(&b"x"[..]))]).collect();
    let mut body = vec![0, 0, 0]; // attributes, timestamp and offset
    bytes(&mut body, record.key.as_deref());
    bytes(&mut body, record.value.as_deref());
    varint(&mut body, headers.len() as i64);
    for (name, value) in headers {
        bytes(&mut body, Some(name));
        bytes(&mut body, value);
    }
    let mut one = Vec::new();
    varint(&mut one, body.len() as i64);
    one.extend(body);
    one
}

fn bytes(into: &mut Vec<u8>, bytes: Option<&[u8]>) {
    varint(into, bytes.map_or(-1, |bytes| bytes.len() as i64));
    into.extend(bytes.unwrap_or_default());
}

/// A number as Kafka's records write it: zigzag, seven bits a byte.
fn varint(into: &mut Vec<u8>, number: i64) {
    let mut left = number.cast_unsigned() << 1 ^ (number >> 63).cast_unsigned();
    while left >= 0x80 {
        into.push(left as u8 | 0x80);
        left >>= 7;
    }
    into.push(left as u8);
}

/// The checksum of a batch, Castagnoli's polynomial.
fn crc32c(bytes: &[u8]) -> u32 {
    let step = |crc: u32, _| if crc & 1 == 0 { crc >> 1 } else { crc >> 1 ^ 0x82f6_3b78 };
    !bytes.iter().fold(!0, |crc, byte| (0..8).fold(crc ^ u32::from(*byte), step))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_that_of_the_specification() {
        assert_eq!(crc32c(b"123456789"), 0xe306_9283);
    }

    #[test]
    fn numbers_are_written_as_kafka_reads_them() {
        for (number, written) in [(0, &[0][..]), (-1, &[1]), (1, &[2]), (64, &[0x80, 1]), (300, &[0xd8, 4])] {
            let mut into = Vec::new();
            varint(&mut into, number);
            assert_eq!(into, written, "{number}");
        }
    }
}
