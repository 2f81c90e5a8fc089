//! Rules of services, given/when/then.

use super::Service;
use crate::domain::publication::{Command, Publication, Publish};
use crate::domain::test_support::{code, on};

fn service() -> Service {
    Service {
        title: "Trả tiền điện".into(),
        summary: None,
        category: "Điện".into(),
        link: "https://dien-mau.example/tra-tien".into(),
        operator: "Điện lực".into(),
        needs: vec!["Mã khách hàng".into()],
        units: Vec::new(),
    }
}

fn reason(facts: Service) -> &'static str {
    let publish = Command::Publish(Publish { code: code(3), effective_from: None, effective_to: None, facts });
    Publication::default().decide(publish, &on(2026, 11, 28)).map_or_else(|refusal| refusal.reason, |_| "allowed")
}

#[test]
fn a_service_has_a_name_a_subject_and_an_address_on_the_web() {
    for (facts, expected) in [
        (service(), "allowed"),
        (Service { category: " ".into(), ..service() }, "service-incomplete"),
        (Service { link: "http://dien-mau.example".into(), ..service() }, "service-link"),
        (Service { link: "javascript:alert(1)".into(), ..service() }, "service-link"),
        (Service { needs: vec![" ".into()], ..service() }, "service-needs"),
        (Service { needs: vec!["x".into(); 21], ..service() }, "service-needs"),
    ] {
        assert_eq!(reason(facts), expected);
    }
}
