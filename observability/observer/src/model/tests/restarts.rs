//! What is saved, and what is known after a restart or a crash.

use super::log::{Log, START, manifests};
use crate::answer::{InstanceState, InstanceSummary};
use crate::model::{BadState, InstanceFilter, MAX_PAGE, Model, ModelSettings};
use crate::state_file::{LoadError, Save, load};
use crate::test_disk::{Access, Disk, restarted};

fn settings() -> ModelSettings {
    ModelSettings::default()
}

fn complete(log: &mut Log, order: &str) {
    log.place(order);
    log.confirm(order);
    log.deliver(order);
    log.commit_all();
    log.wait(5);
    log.look();
}

#[test]
fn a_restart_gives_the_same_answers() {
    let mut log = Log::new();
    log.look();
    complete(&mut log, "done");
    let offset = log.place("failed");
    log.dead_letter("failed", "payment/charge", offset, "0");
    log.place("open");
    log.look_for(64_000);
    let mut again = restarted(&mut log.model, &settings());
    again.manifests(&manifests(), log.now);
    again.tick(log.now);
    let all = |model: &Model| model.instances(&InstanceFilter::default(), log.now).items;
    assert_eq!(all(&again), all(&log.model));
    assert_eq!(again.next_offset("orders", 0), log.model.next_offset("orders", 0));
    assert_eq!(again.overview(log.now).dead_letters_open, 1);
    assert_eq!(again.find("open", log.now).total, 1);
    for id in ["done", "failed", "open"] {
        let (mut a, b) = (again.instance(id, log.now).unwrap(), log.model.instance(id, log.now).unwrap());
        a.as_of = b.as_of;
        assert_eq!(a, b);
    }
}

/// What is loaded, and told the manifests.
fn started(model: Option<Model>) -> Model {
    let mut model = model.unwrap();
    model.manifests(&manifests(), START);
    model
}

/// What a model says of all instances, and how far it has read.
fn told(model: &Model, orders: usize) -> (Vec<InstanceSummary>, Option<i64>, u64) {
    let filter = |key: String| InstanceFilter { key: Some(key), ..InstanceFilter::default() };
    let keys = (0..orders).map(|order| format!("o-{order}")).chain(["failing".to_owned()]);
    let all = keys.flat_map(|key| model.instances(&filter(key), START).items).collect();
    (all, model.next_offset("orders", 0), model.overview(START).events)
}

#[test]
fn a_save_that_goes_on_while_facts_come_in_is_of_the_moment_at_which_it_began() {
    const ORDERS: usize = 9_000;
    let settings = ModelSettings { max_instances: ORDERS, ..settings() };
    let mut log = Log::with(settings.clone());
    log.look();
    for order in 0..ORDERS {
        log.place(&format!("o-{order}"));
    }
    let offset = log.place("failing");
    log.look();
    let (disk, mut next) = (Disk::default(), 0);
    // The first writes everything, the second what changed.
    for turn in 0..2 {
        let wanted = told(&log.model, ORDERS);
        let mut save = Save::begin(&disk.open().unwrap()).unwrap();
        let beginning = log.model.begin_save(save.held);
        assert_eq!(beginning.everything, turn == 0);
        save.write_beginning(&beginning).unwrap();
        let mut pieces = 0;
        loop {
            // Between two pieces some instances change, some come, and some go for them.
            for order in next..next + 40 {
                log.confirm(&format!("o-{}", order * 371 % ORDERS));
                log.place(&format!("new-{order}"));
            }
            next += 40;
            log.dead_letter("failing", "payment/charge", offset, &next.to_string());
            log.audit(&super::log::letter("failing", "charge", &next.to_string()), "failing", "discarded");
            log.model.tick(log.now);
            let Some(changes) = log.model.next_to_save().unwrap() else { break };
            save.write(changes).unwrap();
            pieces += 1;
        }
        assert!(pieces > 1);
        log.model.is_saved(save.commit().unwrap().1);
        let mut model = disk.load(&settings).unwrap();
        model.manifests(&manifests(), START);
        let found = told(&model, ORDERS);
        assert_eq!((found.1, found.2), (wanted.1, wanted.2));
        assert_eq!(found.0, wanted.0);
        assert!(log.model.next_to_save().is_err(), "nothing is under way");
    }
}

#[test]
fn what_a_save_that_was_given_up_had_to_write_is_in_the_next() {
    let (disk, mut log) = (Disk::default(), Log::new());
    log.look();
    (0..20).for_each(|order| _ = log.place(&format!("o-{order}")));
    disk.save(&mut log.model);
    (0..3).for_each(|order| _ = log.confirm(&format!("o-{order}")));
    log.dead_letter("o-4", "payment/charge", 4, "0");
    let mut save = Save::begin(&disk.open().unwrap()).unwrap();
    save.write_beginning(&log.model.begin_save(save.held)).unwrap();
    save.write(log.model.next_to_save().unwrap().unwrap()).unwrap();
    log.confirm("o-19");
    drop(save);
    log.model.give_save_up();
    let saved = disk.save(&mut log.model);
    assert_eq!((saved.instances, saved.letters), (5, 1));
    assert_eq!(told(&started(disk.load(&settings())), 20), told(&log.model, 20));
}

#[test]
fn time_alone_changes_what_is_saved_and_manifests_alone_do_not() {
    let (disk, mut log) = (Disk::default(), Log::new());
    log.look();
    complete(&mut log, "done");
    log.place("open");
    log.look();
    disk.save(&mut log.model);
    log.look();
    assert_eq!(disk.save(&mut log.model).instances, 0, "nothing has changed");
    log.look_for(64_000);
    assert_eq!(log.is("open").0, InstanceState::Stalled);
    assert_eq!(disk.save(&mut log.model).instances, 1);

    // Everything is looked at again, and comes to the same.
    let fewer = manifests().into_iter().filter(|it| it.service != "payment").collect::<Vec<_>>();
    for manifests in [fewer, manifests()] {
        log.model.manifests(&manifests, log.now);
        let again = disk.copy();
        assert_eq!(again.save(&mut log.model).instances, 0);
        // Who is restarted before that was done does it.
        let mut model = again.load(&settings()).unwrap();
        log.look();
        model.manifests(&manifests, log.now);
        model.tick(log.now);
        let open = &model.find("open", log.now).items[0];
        assert_eq!((open.state, open.reason), log.is("open"));
        disk.save(&mut log.model);
    }
    assert_eq!(disk.save(&mut log.model).instances, 0);
}

#[test]
fn whenever_the_power_fails_the_last_whole_save_is_there() {
    const ORDERS: usize = 40;
    let (disk, mut log) = (Disk::default(), Log::new());
    log.look();
    (0..ORDERS).for_each(|order| _ = log.place(&format!("o-{order}")));
    disk.save(&mut log.model);
    let (before, mut wanted) = (disk.copy(), vec![told(&log.model, ORDERS)]);
    disk.accesses();
    let (mut accesses, mut ends) = (Vec::new(), Vec::new());
    for order in 0..3 {
        log.confirm(&format!("o-{order}"));
        log.dead_letter(&format!("o-{}", order + 9), "payment/charge", order + 9, "0");
        disk.save(&mut log.model);
        wanted.push(told(&log.model, ORDERS));
        accesses.append(&mut disk.accesses());
        ends.push(accesses.len());
    }
    for count in 0..=accesses.len() {
        let done = ends.iter().filter(|end| **end <= count).count();
        let synced =
            accesses[..count].iter().rposition(|it| matches!(it, Access::Sync)).map_or(0, |at| at + 1);
        // Either all that was written is there, or of what was not on the disk for sure every other access.
        for lost in [None, Some(0), Some(1)] {
            let crashed = before.copy();
            for (at, access) in accesses[..count].iter().enumerate() {
                let is_lost = at >= synced && matches!(access, Access::Write(..)) && Some(at % 2) == lost;
                if !is_lost {
                    crashed.apply(access);
                }
            }
            let found = told(&started(crashed.load(&settings())), ORDERS);
            let which = wanted.iter().position(|it| *it == found);
            assert!(
                which.is_some_and(|it| it == done || it == done + 1),
                "{which:?} after {count} of {ends:?}, {lost:?}"
            );
        }
    }
}

#[test]
fn a_file_that_was_changed_is_refused_or_says_the_same() {
    const ORDERS: usize = 20;
    let (disk, mut log) = (Disk::default(), Log::new());
    log.look();
    (0..ORDERS).for_each(|order| _ = log.place(&format!("o-{order}")));
    disk.save(&mut log.model);
    let (bytes, wanted) = (disk.bytes(), told(&log.model, ORDERS));
    let used = bytes.chunks(256).enumerate().filter(|(_, chunk)| chunk.iter().any(|byte| *byte != 0));
    let places = used.flat_map(|(at, _)| [at * 256, at * 256 + 97, at * 256 + 180]);
    let mut refused = 0;
    for at in places {
        let mut changed = bytes.clone();
        changed[at] ^= 0x41;
        let Ok(database) = Disk::of(changed).open() else {
            refused += 1;
            continue;
        };
        match load(&database, &settings()) {
            Ok(model) => assert_eq!(told(&started(model), ORDERS), wanted, "byte {at} was changed"),
            Err(_) => refused += 1,
        }
    }
    assert!(refused > 30, "{refused}");
}

#[test]
fn a_save_of_another_environment_or_form_is_refused() {
    let of = |namespace: Option<&str>| {
        let namespace = namespace.map(str::to_owned);
        ModelSettings { namespace, ..settings() }
    };
    let disk = Disk::default();
    let mut model = Log::with(of(Some("staging"))).model;
    disk.save(&mut model);
    assert!(disk.load(&of(Some("staging"))).is_some());
    for (other, words) in [(Some("production"), "the namespace production"), (None, "no namespace")] {
        let error = load(&disk.open().unwrap(), &of(other)).unwrap_err().to_string();
        let wanted = format!("it is of the namespace staging, and this observer follows {words}");
        assert!(error.starts_with(&wanted), "{error}");
    }
    let mut save = Save::begin(&disk.open().unwrap()).unwrap();
    let mut beginning = model.begin_save(save.held);
    for length in 0..beginning.small.len() {
        assert!(Model::of_save(&beginning.small[..length], of(Some("staging"))).is_err(), "{length}");
    }
    beginning.small[0] += 1;
    save.write_beginning(&beginning).unwrap();
    save.commit().unwrap();
    let refused = load(&disk.open().unwrap(), &of(Some("staging")));
    assert!(matches!(refused, Err(LoadError::State(BadState::Other))));
}

#[test]
fn a_save_of_which_something_is_missing_is_refused() {
    let (disk, mut log) = (Disk::default(), Log::new());
    log.look();
    log.place("a");
    log.place("b");
    let mut save = Save::begin(&disk.open().unwrap()).unwrap();
    save.write_beginning(&log.model.begin_save(save.held)).unwrap();
    let mut changes = log.model.next_to_save().unwrap().unwrap();
    changes.pop();
    save.write(changes).unwrap();
    save.commit().unwrap();
    let refused = load(&disk.open().unwrap(), &settings());
    assert!(matches!(refused, Err(LoadError::State(BadState::Form("something is missing")))));
}

#[test]
fn numbers_that_were_free_are_used_again_after_a_restart() {
    let settings = ModelSettings { max_instances: 10, ..settings() };
    let mut log = Log::with(settings.clone());
    log.look();
    let disk = Disk::default();
    for order in 0..60 {
        complete(&mut log, &format!("o-{order}"));
        if order % 7 == 0 {
            disk.save(&mut log.model);
            log.model = disk.load(&settings).unwrap();
            log.model.manifests(&manifests(), log.now);
        }
    }
    log.look();
    let all = |model: &Model| {
        let filter = InstanceFilter { limit: MAX_PAGE, ..InstanceFilter::default() };
        model.instances(&filter, log.now).items.into_iter().map(|it| it.id).collect::<Vec<_>>()
    };
    assert_eq!(all(&log.model).len(), 10);
    let mut again = restarted(&mut log.model, &settings);
    again.manifests(&manifests(), log.now);
    assert_eq!(all(&again), all(&log.model));
}
