//! Topics and rights that are missing.

use super::*;

fn missing(bench: &Bench) -> Vec<String> {
    bench.runner.health.update(|state| state.missing.iter().map(|missing| missing.topic.clone()).collect())
}

#[test]
fn a_set_up_fault_is_waited_out() {
    let mut bench = Bench::new();
    bench.driver.missing.insert("test.payments".to_owned());
    for _ in 0..3 {
        bench.order(r#"{"order_id":"o1"}"#);
    }
    bench.pass(1);
    let seen = bench.shop.seen.lock().unwrap().len();
    bench.order(r#"{"order_id":"o1"}"#);
    for _ in 0..600 {
        bench.pass(100);
        assert!(!bench.runner.wants_records() || bench.driver.paused);
        assert_eq!(missing(&bench), ["test.payments"]);
    }
    assert_eq!(bench.shop.seen.lock().unwrap().len(), seen, "nothing starts meanwhile");
    assert!(bench.driver.sent.is_empty() && bench.driver.commits.iter().all(|offset| *offset == 0));
    bench.driver.missing.clear();
    bench.pass(10_000);
    assert_eq!(bench.driver.sent.len(), 1, "one record finds out");
    assert_eq!(missing(&bench), ["test.payments"], "nobody knows yet");
    bench.acknowledge_all();
    bench.pass(1_000);
    assert!(missing(&bench).is_empty());
    bench.acknowledge_all();
    bench.pass(1_000);
    assert_eq!((bench.driver.sent.len(), bench.driver.commits.last()), (4, Some(&4)));
    assert!(bench.runner.wants_records());
}
