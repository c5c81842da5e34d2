//! Latency at a steady rate, from outside: from the moment at which an order was due to be sent until its payment is
//! read. What a slow moment delays counts in full, for the orders do not wait for it.

use std::thread;
use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::message::{Header, Message as _, OwnedHeaders};
use rdkafka::producer::{BaseRecord, DefaultProducerContext, Producer as _, ThreadedProducer};
use rdkafka::{ClientConfig, Offset, TopicPartitionList};
use serde::Serialize;

use super::bed::Bed;
use super::{Doing as _, Failure, numbered};
use crate::events::PaymentConfirmed;

/// How long a payment may take before the run is given up.
const WITHIN: Duration = Duration::from_mins(1);
/// The longest wait for one record.
const POLL: Duration = Duration::from_millis(100);

/// What is sent, and how fast.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// Orders a second.
    pub rate: u32,
    /// Orders before the first that counts.
    pub warm_up: u64,
    /// Orders that count.
    pub counted: u64,
}

/// Latencies in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Latency {
    /// Half are faster.
    pub p50: f64,
    /// One in a hundred is slower.
    pub p99: f64,
    /// One in a thousand is slower.
    pub p999: f64,
}

impl Latency {
    /// The percentiles of these latencies. Zeros where there are none.
    pub fn of(latencies: &mut [Duration]) -> Self {
        latencies.sort_unstable();
        let at = |share: f64| {
            let rank = (latencies.len() as f64 * share).ceil() as usize;
            latencies.get(rank.saturating_sub(1)).map_or(0.0, |latency| latency.as_secs_f64() * 1_000.0)
        };
        Self { p50: at(0.5), p99: at(0.99), p999: at(0.999) }
    }
}

/// Sends orders to the empty topic of `bed`, whose payments somebody writes meanwhile, and answers their latencies.
/// The clock starts once a first order was paid: whoever does the work has joined its group by then.
///
/// # Errors
///
/// When an order cannot be sent, or a payment does not come or comes twice.
pub fn measure(bed: &Bed, pace: Pace) -> Result<Vec<Duration>, Failure> {
    let consumer = at_the_end(bed)?;
    let producer = producer(&bed.bootstrap)?;
    let interval = Duration::from_secs(1) / pace.rate;
    let all = pace.warm_up + pace.counted;
    send(&producer, bed, all)?;
    let mut paid = Paid { latencies: vec![None; all as usize + 1], began: Instant::now(), interval };
    paid.receive(&consumer, 1)?;
    paid.began = Instant::now() + Duration::from_millis(50);
    let began = paid.began;
    let read = thread::scope(|scope| {
        let sender = scope.spawn(|| -> Result<(), Failure> {
            for n in 0..all {
                thread::sleep(due(began, interval, n).saturating_duration_since(Instant::now()));
                send(&producer, bed, n)?;
            }
            producer.flush(WITHIN).doing("send the last orders")
        });
        let read = paid.receive(&consumer, all);
        sender.join().map_err(|_| Failure::Wrong("the sender panicked".to_owned()))??;
        read
    });
    read?;
    let counted = pace.warm_up as usize..all as usize;
    Ok(paid.latencies[counted].iter().copied().flatten().collect())
}

fn at_the_end(bed: &Bed) -> Result<BaseConsumer, Failure> {
    let doing = "watch the output";
    let consumer: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", &bed.bootstrap)
        .set("group.id", "bench-watches") // Never joined, but the client wants one.
        .set("enable.auto.commit", "false")
        .create()
        .doing(doing)?;
    let mut list = TopicPartitionList::new();
    for (partition, end) in (0..).zip(bed.ends()?) {
        list.add_partition_offset(&bed.payments(), partition, Offset::Offset(end)).doing(doing)?;
    }
    consumer.assign(&list).doing(doing)?;
    Ok(consumer)
}

fn producer(bootstrap: &str) -> Result<ThreadedProducer<DefaultProducerContext>, Failure> {
    ClientConfig::new()
        .set("bootstrap.servers", bootstrap)
        .set("acks", "all")
        .set("linger.ms", "0")
        .set("socket.nagle.disable", "true")
        .set("partitioner", "murmur2_random")
        .create()
        .doing("make a producer")
}

fn send(producer: &ThreadedProducer<DefaultProducerContext>, bed: &Bed, n: u64) -> Result<(), Failure> {
    let order = numbered::order(n, bed.keys);
    let value = serde_json::to_vec(&order).unwrap_or_default();
    let headers = numbered::headers(n);
    let headers = headers.iter().fold(OwnedHeaders::new(), |headers, (key, value)| {
        headers.insert(Header { key, value: Some(value) })
    });
    let topic = bed.orders();
    let record = BaseRecord::to(&topic).key(&order.order_id).payload(&value).headers(headers);
    producer.send(record).map_err(|(error, _)| error).doing("send an order")
}

fn due(began: Instant, interval: Duration, n: u64) -> Instant {
    began + interval * n as u32
}

/// Payments that were read.
struct Paid {
    /// By the number of the order.
    latencies: Vec<Option<Duration>>,
    began: Instant,
    interval: Duration,
}

impl Paid {
    /// Reads `count` payments.
    fn receive(&mut self, consumer: &BaseConsumer, count: u64) -> Result<(), Failure> {
        let mut left = count;
        let mut last = Instant::now();
        while left > 0 {
            let Some(message) = consumer.poll(POLL) else {
                if last.elapsed() >= WITHIN {
                    let text = format!("{left} of {count} payments did not come within {WITHIN:?}");
                    return Err(Failure::Late(text));
                }
                continue;
            };
            let message = message.doing("watch the output")?;
            last = Instant::now();
            let payment =
                serde_json::from_slice::<PaymentConfirmed>(message.payload().unwrap_or_default()).ok();
            let number = payment.as_ref().and_then(numbered::number_of);
            match number.and_then(|n| Some((n, self.latencies.get_mut(n as usize)?))) {
                Some((n, place @ None)) => {
                    *place = Some(last.saturating_duration_since(due(self.began, self.interval, n)));
                }
                Some((n, Some(_))) => return Err(Failure::Wrong(format!("order {n} was paid twice"))),
                None => return Err(Failure::Wrong("a payment for no order".to_owned())),
            }
            left -= 1;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_of_those_who_were_there() {
        let mut latencies: Vec<_> = (1..=1_000).rev().map(Duration::from_millis).collect();
        assert_eq!(Latency::of(&mut latencies), Latency { p50: 500.0, p99: 990.0, p999: 999.0 });
        assert_eq!(Latency::of(&mut []), Latency { p50: 0.0, p99: 0.0, p999: 0.0 });
    }
}
