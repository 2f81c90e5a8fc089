//! Rules of questions with answers, given/when/then.

use jiff::civil::date;

use super::{Basis, Faq};
use crate::domain::procedure::Procedure;
use crate::domain::publication::{Command, Publication, Publish};
use crate::domain::test_support::{code, on};

fn entry(kind: Procedure) -> Faq {
    Faq {
        kind,
        title: "Xem quy hoạch ở đâu?".into(),
        answer: "Ở bảng tin của phường.".into(),
        basis: vec![Basis { law: "Luật Đất đai 2024".into(), article: Some("Điều 75 khoản 4".into()) }],
        as_of: date(2026, 11, 1),
        authority: "Bàn tư vấn".into(),
        units: Vec::new(),
    }
}

fn reason(facts: Faq) -> &'static str {
    let publish = Command::Publish(Publish { code: code(3), effective_from: None, effective_to: None, facts });
    Publication::default().decide(publish, &on(2026, 11, 28)).map_or_else(|refusal| refusal.reason, |_| "allowed")
}

#[test]
fn an_answer_about_land_names_the_law_and_the_day_on_which_it_was_read() {
    let land = || entry(Procedure::LandUseChange);
    for (facts, expected) in [
        (land(), "allowed"),
        (Faq { answer: " ".into(), ..land() }, "faq-incomplete"),
        (Faq { basis: Vec::new(), ..land() }, "faq-basis"),
        (Faq { basis: vec![Basis { law: " ".into(), article: None }], ..land() }, "faq-basis"),
        (Faq { basis: Vec::new(), ..entry(Procedure::DigitalService) }, "allowed"),
        (Faq { as_of: date(2026, 11, 29), ..land() }, "faq-day"),
    ] {
        assert_eq!(reason(facts), expected);
    }
}
