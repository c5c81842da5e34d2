//! A group of members on a broker, from the first record to the last commit.

use super::{
    invariant::{Invariant, Verdict, hold},
    member::Member,
    surroundings::{Event, Surroundings},
};
use crate::engine::Time;

/// So long after faults have stopped everything has to be settled and committed, in ms.
const PATIENCE: u64 = 600_000;
/// So many turns no schedule needs: an engine that wants more runs hot.
const MOST_TURNS: usize = 400_000;

/// See the module.
struct World {
    around: Surroundings,
    members: Vec<Member>,
}

/// Lives through one seed; aloud, it prints what happens.
pub(super) fn live(seed: u64, aloud: bool) -> Verdict {
    let mut world = World { around: Surroundings::new(seed, aloud), members: Vec::new() };
    world.around.tell(|| format!("{:?}", world.around.scenario));
    world.begin();
    for _ in 0..MOST_TURNS {
        if !world.turn()? {
            return world.end();
        }
    }
    hold(false, Invariant::Liveness, || format!("it runs hot at {:?}", world.around.now))
}

impl World {
    fn begin(&mut self) {
        for _ in 0..self.around.scenario.members {
            self.join();
        }
        for partition in 0..self.around.logs.len() {
            self.around.later(0, Event::Joins { partition });
        }
        self.next_fault();
    }

    fn join(&mut self) {
        let member = self.members.len();
        self.members.push(Member::new(member, &mut self.around));
        self.around.later(0, Event::Poll { member });
    }

    fn next_fault(&mut self) {
        let every = self.around.scenario.fault_every;
        if every > 0 && !self.around.is_calm() {
            let wait = self.around.dice.between(0, every);
            self.around.later(wait, Event::Fault);
        }
    }

    /// Lets the next thing happen. Answers whether there was one.
    fn turn(&mut self) -> Result<bool, super::invariant::Broken> {
        let wakes =
            self.members.iter().filter(|member| !member.gone).filter_map(|member| member.engine.next_wake());
        let Some(next) = wakes.chain(self.around.next_event()).min() else { return Ok(false) };
        self.around.now = self.around.now.max(next);
        let limit = self.around.scenario.calm_at + PATIENCE;
        hold(self.around.elapsed() < limit, Invariant::Liveness, || self.unfinished())?;
        for member in self.members.iter_mut().filter(|member| !member.gone) {
            member.engine.tick(self.around.now);
            member.obey(&mut self.around)?;
        }
        while let Some(event) = self.around.due_event() {
            self.happens(event)?;
        }
        for member in self.members.iter_mut().filter(|member| !member.gone) {
            member.stands(&self.around)?;
        }
        self.find_owners();
        Ok(true)
    }

    /// Partitions that were given up find another owner.
    fn find_owners(&mut self) {
        for member in &mut self.members {
            for partition in std::mem::take(&mut member.released) {
                let wait = self.around.dice.one_of(&[0, 10, 3_000]);
                self.around.later(wait, Event::Joins { partition });
            }
        }
    }

    fn happens(&mut self, event: Event) -> Verdict {
        let around = &mut self.around;
        match event {
            Event::Ends { member, ticket } if !self.members[member].gone => {
                self.members[member].finish(around, ticket)
            }
            Event::Answer { member, ticket, letter } if !self.members[member].gone => {
                self.members[member].answer(around, ticket, letter)
            }
            Event::Result { member, partition, holding, offset, metadata } if !self.members[member].gone => {
                self.members[member].result(around, partition, holding, offset, metadata)
            }
            Event::Poll { member } if !self.members[member].gone => {
                let most = around.dice.between(1, 40);
                let soon = around.dice.between(1, around.scenario.poll_every);
                let member = &mut self.members[member];
                let read = member.poll(around, most)?;
                if !around.logs.iter().all(super::log::Log::is_done) {
                    let wait = if read { soon } else { 100.max(soon) };
                    around.later(wait, Event::Poll { member: member.name });
                }
                Ok(())
            }
            Event::Unblock { member } if !self.members[member].gone => {
                self.members[member].blocked = false;
                self.members[member].engine.unblock(around.now);
                self.members[member].obey(around)
            }
            Event::Joins { partition } => self.owner_for(partition),
            Event::Fault => self.fault(),
            _ => Ok(()),
        }
    }

    fn owner_for(&mut self, partition: usize) -> Verdict {
        let able: Vec<usize> = (0..self.members.len())
            .filter(|&member| !self.members[member].gone && self.members[member].stops_by.is_none())
            .collect();
        let member = able[self.around.dice.index(able.len())];
        self.members[member].assign(&mut self.around, partition)
    }

    /// Something goes wrong.
    fn fault(&mut self) -> Verdict {
        self.next_fault();
        if self.around.is_calm() {
            return Ok(());
        }
        let able: Vec<usize> = (0..self.members.len()).filter(|&member| !self.members[member].gone).collect();
        let index = able[self.around.dice.index(able.len())];
        let kind = self.around.dice.index(10);
        let partitions: Vec<usize> = (0..self.around.logs.len())
            .filter(|&partition| {
                self.members[index].holdings[partition].is_some() && self.around.dice.chance(600)
            })
            .collect();
        let member = &mut self.members[index];
        match kind {
            0..=4 => {
                let partitions: Vec<usize> = partitions
                    .into_iter()
                    .filter(|&partition| {
                        member.holdings[partition].as_ref().is_some_and(|held| held.draining.is_none())
                    })
                    .collect();
                if partitions.is_empty() { Ok(()) } else { member.revoke(&mut self.around, &partitions) }
            }
            5 | 6 => member.lose(&mut self.around, &partitions),
            7 if member.stops_by.is_none() => {
                self.join();
                self.members[index].shut_down(&mut self.around)
            }
            8 => {
                // Killed: nobody hears anything of it.
                member.gone = true;
                let owned = |&partition: &usize| member.holdings[partition].is_some();
                member.released.extend((0..self.around.logs.len()).filter(owned));
                self.join();
                Ok(())
            }
            _ if !member.blocked => {
                member.blocked = true;
                member.engine.block(self.around.now);
                let wait = self.around.dice.between(0, self.around.until_calm().min(5_000));
                self.around.later(wait, Event::Unblock { member: index });
                member.obey(&mut self.around)
            }
            _ => Ok(()),
        }
    }

    /// Nothing is going to happen any more: everything has to be done.
    fn end(&self) -> Verdict {
        let done = self.around.logs.iter().all(super::log::Log::is_done);
        let rest = self.members.iter().filter(|member| !member.gone).all(Member::rests);
        hold(done && rest, Invariant::Liveness, || self.unfinished())
    }

    fn unfinished(&self) -> String {
        let logs: Vec<(Option<i64>, i64)> = (self.around.logs.iter())
            .map(|log| (log.committed.as_ref().map(|(offset, _)| *offset), log.end()))
            .collect();
        let members: Vec<_> = (self.members.iter())
            .filter(|member| !member.gone)
            .map(|member| (member.name, member.engine.status(), member.engine.next_wake().map(|Time(at)| at)))
            .collect();
        format!("at {:?} committed of all {logs:?}, members {members:?}", self.around.now)
    }
}
