//! An order is found, counted and shown at every step that owes it something or has failed it, side steps too.

use choreograph_observer::answer::{InstanceState, Instances, StallReason, StepNode, WorkflowGraph};
use choreograph_tests::eventually;

use crate::cast::Fate;
use crate::sight::{Sight, Verdict};
use crate::stage::{Stage, WITHIN};

const CHARGE: &str = "payment/charge";
const THANK: &str = "mail/thank";

fn list(sight: &Sight, query: &str) -> Instances {
    sight.get(&format!("/api/instances?{query}")).expect("instances")
}

fn box_of(sight: &Sight, step: &str) -> StepNode {
    let graph: WorkflowGraph = sight.get("/api/workflows/order").expect("a workflow");
    graph.steps.into_iter().find(|node| node.step == step).expect("a step")
}

/// What Prometheus is told of instances that stand still at a step.
fn measured(sight: &Sight, step: &str) -> Vec<String> {
    let (_, text) = sight.ask("/metrics", &[]).expect("metrics");
    let is_of = |line: &&str| line.starts_with("workflow_instances_stalled{") && line.contains(step);
    text.lines().filter(is_of).map(str::to_owned).collect()
}

#[test]
fn a_side_step_that_is_away_is_told_though_the_orders_come_to_their_end() {
    let stage = Stage::new();
    stage.expects_soon("mail");
    let mut services = stage.start_all();
    let sight = stage.observe(&[]);
    let before = stage.order(Fate::Fine, 3);
    sight.says(&before, &Verdict::completed());
    stage.settled("mail.thank", "orders");
    let mut mail = services.remove("mail").expect("a service");
    mail.kill().expect("killed");

    let fine = stage.order(Fate::Fine, 5);
    let rejected = stage.order(Fate::Rejected, 2);
    sight.says(&fine, &Verdict::completed());
    sight.says(&rejected, &Verdict::at(InstanceState::Failed, StallReason::DeadLetter, CHARGE));
    let away = format!("step={THANK}&reason=no_consumer");
    eventually("all seven are found at the side step", WITHIN, || match list(&sight, &away).total {
        7 => Ok(()),
        _ => Err(format!("{:?}", list(&sight, &format!("step={THANK}")).by_reason)),
    });
    let completed = list(&sight, &format!("{away}&state=completed"));
    assert_eq!((completed.total, completed.stuck, completed.side_stuck), (5, 0, 5));
    let failed = list(&sight, &format!("step={CHARGE}&reason=dead_letter&state=failed"));
    assert_eq!((failed.total, failed.stuck, failed.side_stuck), (2, 2, 0), "each at both steps");
    assert_eq!(list(&sight, "stuck=any").total, 7);

    let node = box_of(&sight, THANK);
    assert_eq!((node.path, node.stalled), (false, Some(StallReason::NoConsumer)));
    assert_eq!(node.stalled_by.iter().map(|of| of.count).collect::<Vec<_>>(), [7]);
    let gauge = format!(
        "workflow_instances_stalled{{workflow_name=\"order\",workflow_step=\"{THANK}\",reason=\"no_consumer\"}} 7"
    );
    assert_eq!(measured(&sight, THANK), [gauge]);
    let order = sight.overview().workflows.into_iter().find(|it| it.name == "order").expect("a workflow");
    assert_eq!((order.completed, order.failed, order.stalled, order.side_stuck), (8, 2, 0, 7));

    let step = ["instances", "--step", THANK];
    for (more, told) in [
        (&["--state", "completed"][..], "5 in all: 5 completed; a side step of 5 is stuck"),
        (&[], "7 in all"),
    ] {
        let (code, text) = stage.ask(Some(&sight), &[&step, more].concat());
        assert!(code == 1 && text.contains(told), "{code}: {text}");
        assert!(text.contains(&format!("stuck at {THANK} (side step): no_consumer")), "{text}");
    }
    let (code, text) = stage.ask(Some(&sight), &["instances", "--step", "shipping/ship"]);
    assert!(code == 0, "{code}: {text}");
    let (code, text) = stage.ask(Some(&sight), &["where", &fine[0]]);
    assert!(code == 0 && text.contains("completed"), "the order came to its end: {code}: {text}");

    let _back = stage.start("mail");
    eventually("nobody waits there any more", WITHIN, || {
        match list(&sight, &format!("step={THANK}")).total {
            0 => Ok(()),
            left => Err(format!("{left} left")),
        }
    });
    let (code, text) = stage.ask(Some(&sight), &step);
    assert_eq!((code, measured(&sight, THANK).len()), (0, 0), "{text}");
}
