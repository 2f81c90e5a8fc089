//! Nobody publishes alone where the city asks for two persons: given/when/then, and sequences from a seed.

use std::collections::BTreeSet;

use jiff::civil::date;
use jiff::{SignedDuration, ToSpan};
use serde_json::{Value, json};

use super::Plan;
use crate::domain::access::AccountId;
use crate::domain::publication::{Approval, Command, Event, Family, ProposalState, Propose, Publication, PublishAlone, Return, Second};
use crate::domain::test_support::{code, on};
use crate::domain::{Context, Digest};
use crate::words::civil::midnight;

/// An item, what was recorded of it, and the moment.
pub(super) struct Office {
    pub(super) item: Publication<Plan>,
    pub(super) context: Context,
}

fn person(name: &str) -> Option<AccountId> {
    (!name.is_empty()).then(|| AccountId(name.into()))
}

fn facts(number: &str, signed: jiff::civil::Date) -> Value {
    json!({ "kind": "land-use-plan", "title": format!("Quy hoạch {number}"), "decision": { "authority": "UBND tỉnh", "number": number, "signed": signed } })
}

pub(super) fn publish() -> (&'static str, Value) {
    ("publish", json!({ "code": code(1), "facts": facts("1/QĐ", date(2021, 12, 15)) }))
}

pub(super) fn revise(number: u32) -> (&'static str, Value) {
    ("revise", json!({ "code": code(1), "facts": facts(&format!("{number}/QĐ"), date(2024, 3, 20)) }))
}

pub(super) fn withdraw() -> (&'static str, Value) {
    ("withdraw", json!({ "reason": "Bãi bỏ" }))
}

pub(super) fn read((action, body): (&str, Value)) -> Command<Plan> {
    Command::read(action, body).expect("an action").expect("a command")
}

pub(super) fn propose(what: (&str, Value), submitted: bool, replaces: Option<Digest>, at: Option<jiff::Timestamp>) -> Command<Plan> {
    let (action, body) = what;
    Command::Propose(Propose {
        code: code(1),
        action: action.to_owned(),
        body: body.to_string(),
        command: Box::new(read((action, body))),
        submitted,
        replaces,
        at,
    })
}

impl Office {
    pub(super) fn new() -> Self {
        let mut context = on(2026, 1, 1);
        context.two_persons = vec!["plan".into()];
        Self { item: Publication::default(), context }
    }

    /// What a command of that person leads to; it is recorded.
    pub(super) fn does(&mut self, who: &str, command: Command<Plan>) -> Result<Vec<Event<Plan>>, &'static str> {
        self.context.by = person(who);
        let events = self.item.decide(command, &self.context).map_err(|refusal| refusal.reason)?;
        for event in &events {
            self.context.sequence += 1;
            self.item.apply_at(event.clone(), self.context.sequence);
        }
        Ok(events)
    }

    pub(super) fn proposes(
        &mut self,
        who: &str,
        what: (&str, Value),
        submitted: bool,
        replaces: Option<Digest>,
    ) -> Result<(), &'static str> {
        self.does(who, propose(what, submitted, replaces, None)).map(|_| ())
    }

    /// Proposes it for the first hour of a day.
    pub(super) fn proposes_for(&mut self, who: &str, what: (&str, Value), day: jiff::civil::Date) -> Result<(), &'static str> {
        let hour = midnight(&self.context.city.zone(), day);
        self.does(who, propose(what, true, None, Some(hour))).map(|_| ())
    }

    /// It becomes that day.
    pub(super) fn on(&mut self, day: jiff::civil::Date) {
        self.context = self.context.as_of(Some(midnight(&self.context.city.zone(), day)));
    }

    /// The clock carries out what is due.
    pub(super) fn clock(&mut self) -> Result<usize, &'static str> {
        let proposal = self.proposal();
        self.does("", Command::CarryOut(Approval { proposal })).map(|events| events.len())
    }

    pub(super) fn proposal(&self) -> Digest {
        self.item.proposal.as_ref().map_or(Digest([0; 32]), |proposal| proposal.digest())
    }

    pub(super) fn approves(&mut self, who: &str) -> Result<usize, &'static str> {
        let proposal = self.proposal();
        self.does(who, Command::Approve(Approval { proposal })).map(|events| events.len())
    }

    pub(super) fn state(&self) -> Option<ProposalState> {
        self.item.proposal.as_ref().map(|proposal| proposal.state)
    }
}

#[test]
fn what_one_proposes_another_approves_and_then_it_is_published_as_it_was_proposed() {
    let mut office = Office::new();
    for (action, body) in [publish(), ("draft", publish().1)] {
        assert_eq!(office.does("an", read((action, body))), Err("second-person-needed"));
    }
    office.proposes("an", publish(), true, None).expect("a proposal");
    assert_eq!((office.item.revisions.len(), office.item.updated_at), (0, 0), "nothing is public");
    assert_eq!(office.approves("an"), Err("own-work"));
    assert_eq!(office.approves(""), Err("approval-by-nobody"));
    assert_eq!(office.approves("binh"), Ok(2), "approved, and published");
    assert_eq!(office.item.revisions[0].facts.title(), "Quy hoạch 1/QĐ");
    assert_eq!(office.item.proposal, None);
    assert_eq!(office.approves("chi"), Err("proposal-changed"), "once");
    // The same for everything that the public would see.
    for what in [revise(2), withdraw(), ("expire", json!({ "effective_to": "2030-12-31", "reason": "Hết kỳ" }))] {
        assert_eq!(office.does("an", read(what)), Err("second-person-needed"));
    }
    office.proposes("binh", revise(2), true, None).expect("a proposal");
    assert_eq!((office.approves("binh"), office.approves("an")), (Err("own-work"), Ok(2)));
    assert_eq!(office.item.revisions.len(), 2);
}

#[test]
fn everyone_who_changed_a_proposal_is_an_author() {
    let mut office = Office::new();
    office.proposes("an", publish(), false, None).expect("a draft");
    assert_eq!(office.approves("binh"), Err("proposal-changed"), "a draft does not wait for approval");
    assert_eq!(office.proposes("binh", publish(), true, None), Err("proposal-open"), "what An wrote is not lost");
    assert_eq!(office.proposes("binh", publish(), true, Some(Digest([7; 32]))), Err("proposal-open"));
    let seen = office.proposal();
    office.proposes("binh", publish(), true, Some(seen)).expect("a proposal");
    assert_eq!((office.approves("an"), office.approves("binh")), (Err("own-work"), Err("own-work")));
    // What was returned is proposed anew, and its authors stay authors.
    let back = Return { proposal: office.proposal(), comment: " ".into() };
    assert_eq!(office.does("chi", Command::Return(back.clone())), Err("comment-missing"));
    office.does("chi", Command::Return(Return { comment: "Thiếu bản đồ".into(), ..back })).expect("returned");
    assert_eq!((office.state(), office.approves("chi")), (Some(ProposalState::Returned), Err("proposal-changed")));
    office.proposes("dung", publish(), true, None).expect("a proposal");
    assert_eq!((office.approves("an"), office.approves("dung")), (Err("own-work"), Err("own-work")));
    assert_eq!(office.approves("chi"), Ok(2));
}

#[test]
fn what_nobody_known_has_written_needs_two_who_are() {
    let mut office = Office::new();
    office.proposes("", publish(), true, None).expect("a proposal");
    assert_eq!((office.approves(""), office.approves("an")), (Err("approval-by-nobody"), Ok(1)));
    assert_eq!((office.item.revisions.len(), office.approves("an")), (0, Err("approved-already")));
    assert_eq!(office.approves("binh"), Ok(2));
    // A draft from before the rule has an author whom nobody knows.
    let mut office = Office::new();
    office.context.two_persons.clear();
    office.does("an", read(("draft", publish().1))).expect("a draft");
    office.context.two_persons = vec!["land-use-plan".into()];
    office.proposes("binh", publish(), true, None).expect("a proposal");
    assert_eq!((office.approves("an"), office.approves("chi")), (Ok(1), Ok(2)));
}

#[test]
fn any_change_in_between_asks_for_a_new_proposal() {
    let mut office = Office::new();
    office.context.two_persons.clear();
    office.does("an", read(publish())).expect("published alone, before the rule");
    office.proposes("an", revise(2), true, None).expect("a proposal");
    let seen = office.proposal();
    office.does("an", read(("expire", json!({ "effective_to": "2030-12-31", "reason": "Hết kỳ" })))).expect("an end");
    office.context.two_persons = vec!["plan".into()];
    assert_eq!((office.state(), office.approves("binh")), (Some(ProposalState::Overtaken), Err("proposal-changed")));
    office.proposes("an", revise(2), true, None).expect("submitted anew");
    assert_ne!(office.proposal(), seen, "the approval of the one is not that of the other");
    assert_eq!(office.does("binh", Command::Approve(Approval { proposal: seen })), Err("proposal-changed"));
    assert_eq!(office.approves("binh"), Ok(2));
    // What the rules refuse is said to the author, and not to the approver.
    assert_eq!(office.proposes("an", revise(2), true, None), Err("decision-repeated"));
    let nothing = office.proposal();
    assert_eq!(office.does("an", Command::Discard(Approval { proposal: nothing })), Err("proposal-changed"));
}

#[test]
fn in_an_emergency_one_publishes_alone_in_public_and_another_looks_at_it_afterwards() {
    let mut office = Office::new();
    let alone = |reason: &str, (action, body): (&str, Value)| {
        Command::PublishAlone(PublishAlone {
            code: code(1),
            action: action.to_owned(),
            command: Box::new(read((action, body))),
            reason: reason.into(),
        })
    };
    assert_eq!(office.does("an", alone(" ", publish())), Err("reason-missing"));
    let events = office.does("an", alone("Sạt lở", publish())).expect("published");
    assert!(matches!(&events[..], [Event::PublishedAlone(noted), Event::Published(_)] if noted.by == person("an")));
    let (number, waiting) = office.item.unseconded().expect("it waits");
    assert_eq!((number, waiting.reason.as_str(), waiting.seconded.len()), (1, "Sạt lở", 0));
    let second = |number| Command::Second(Second { number });
    assert_eq!(office.does("an", second(1)), Err("own-work"));
    assert_eq!(office.does("", second(1)), Err("approval-by-nobody"));
    assert_eq!(office.does("binh", second(2)), Err("nothing-to-second"));
    office.does("binh", second(1)).expect("looked at");
    assert_eq!(office.item.unseconded(), None);
    assert_eq!(office.does("chi", second(1)), Err("nothing-to-second"));
    // Of whom nobody knows who it was, two look at it.
    office.does("", alone("Mất liên lạc", withdraw())).expect("withdrawn");
    office.does("an", second(2)).expect("looked at");
    assert_eq!(office.item.unseconded().map(|(number, _)| number), Some(2));
    assert_eq!(office.does("an", second(2)), Err("approved-already"));
    office.does("chi", second(2)).expect("looked at");
    assert_eq!(office.item.unseconded(), None);
    // Where nobody asks for a second person, it is no emergency.
    let mut office = Office::new();
    office.context.two_persons.clear();
    assert_eq!(office.does("an", alone("Sạt lở", publish())), Err("alone-not-needed"));
}

#[test]
fn a_kind_of_which_the_city_says_nothing_is_published_by_one() {
    let mut office = Office::new();
    for kinds in [vec![], vec!["consultation".to_owned(), "general-plan".to_owned()]] {
        office.context.two_persons = kinds;
        assert!(office.item.decide(read(publish()), &office.context).is_ok());
    }
}

/// A generator of numbers below `n` (SplitMix64).
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % n
    }
}

/// What a sequence did, seen from outside: whose hands were in what is proposed, and who approved which digest.
#[derive(Default)]
struct Witness {
    hands: BTreeSet<Option<AccountId>>,
    approvals: Vec<(Digest, AccountId)>,
    published: usize,
}

impl Witness {
    fn sees(&mut self, who: &str, events: &[Event<Plan>], two_are_needed: bool) {
        let mut approved = None;
        for event in events {
            match event {
                Event::CarriedOut(carried) => approved = Some(carried.proposal),
                Event::Proposed(_) => drop(self.hands.insert(person(who))),
                Event::Approved(approval) => {
                    self.approvals.push((approval.proposal, approval.by.clone()));
                    approved = Some(approval.proposal);
                }
                Event::Discarded(_) => self.hands.clear(),
                Event::Returned(_) | Event::Halted(_) => {}
                _ if !two_are_needed => self.hands.clear(),
                public => {
                    let digest = approved.unwrap_or_else(|| panic!("nobody approved {public:?}"));
                    let by: BTreeSet<_> = self.approvals.iter().filter(|(of, _)| *of == digest).map(|(_, by)| Some(by.clone())).collect();
                    let others = by.difference(&self.hands).count();
                    assert_eq!(others, by.len(), "an author approved");
                    assert!(others >= if self.hands.contains(&None) { 2 } else { 1 }, "{by:?} approved what {:?} wrote", self.hands);
                    self.hands.clear();
                    self.published += 1;
                }
            }
        }
    }
}

/// Sequences of commands by people, tokens without a person and lookers-on. `BANGTIN_SEQUENCES` says how many.
#[test]
fn no_sequence_of_commands_publishes_without_two_distinct_persons() {
    let count = std::env::var("BANGTIN_SEQUENCES").ok().and_then(|text| text.parse().ok()).unwrap_or(20_000);
    let (mut dice, mut published, mut carried_out) = (Dice(20_261_129), 0, 0);
    for _ in 0..count {
        let (mut office, mut witness, mut seen) = (Office::new(), Witness::default(), vec![Digest([0; 32])]);
        for _ in 0..6 + dice.below(14) {
            let who = ["an", "binh", "chi", ""][dice.below(4) as usize];
            let what = match dice.below(5) {
                0 | 1 => publish(),
                2 => revise(2 + dice.below(3) as u32),
                3 => ("expire", json!({ "effective_to": "2030-12-31", "reason": "Hết kỳ" })),
                _ => withdraw(),
            };
            let proposal = if dice.below(4) == 0 { seen[dice.below(seen.len() as u64) as usize] } else { office.proposal() };
            // Days pass, and sometimes the city asks for no second person for a while.
            if dice.below(2) == 0 {
                let day = office.context.today.saturating_add(1.day());
                office.on(day);
            }
            if dice.below(10) == 0 {
                office.context.two_persons = if dice.below(2) == 0 { Vec::new() } else { vec!["plan".into()] };
            }
            let two_are_needed = !office.context.two_persons.is_empty();
            let command = match dice.below(10) {
                0 => read(what),
                1..=4 => {
                    let hours = [0, 0, 24, 48][dice.below(4) as usize];
                    let hour = office.context.now.saturating_add(SignedDuration::from_hours(hours)).ok().filter(|_| hours > 0);
                    propose(what, dice.below(4) > 0, (dice.below(2) == 0).then_some(proposal), hour)
                }
                5..=7 => Command::Approve(Approval { proposal }),
                8 => Command::CarryOut(Approval { proposal }),
                _ if dice.below(2) == 0 => Command::Discard(Approval { proposal }),
                _ => Command::Return(Return { proposal, comment: "Sửa".into() }),
            };
            if let Ok(events) = office.does(who, command) {
                carried_out += usize::from(events.iter().any(|event| matches!(event, Event::CarriedOut(_))));
                witness.sees(who, &events, two_are_needed);
            }
            seen.push(office.proposal());
        }
        published += witness.published;
    }
    assert!(published > count / 20 && carried_out > count / 100, "the sequences lead somewhere: {published}, {carried_out} of {count}");
}
