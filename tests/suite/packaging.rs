//! What a keeper takes over: the unit, the alerts and the example for Kubernetes are checked by their own programs.

use std::io::Write;
use std::process::{Command, Stdio};

use crate::support::{Database, Kind, NOON, Node, TestClock, run};

fn file(name: &str) -> String {
    format!("{}/packaging/{name}", env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn the_unit_shuts_the_program_in_and_outlives_the_child_that_reads_a_file() {
    let said = run("systemd-analyze", &["security", "--offline=true", "--no-pager", &file("bangtin.service")]);
    let level: f64 = said.rsplit_once("bangtin.service: ").unwrap().1.split(' ').next().unwrap().parse().unwrap();
    assert!(level <= 2.0, "{said}");
    let checked = Command::new("systemd-analyze").args(["verify", &file("bangtin.service")]).output().unwrap();
    let said = String::from_utf8(checked.stderr).unwrap();
    // The program itself is not installed where this runs.
    assert!(said.lines().all(|line| line.contains("is not executable")), "{said}");
    assert!(std::fs::read_to_string(file("bangtin.service")).unwrap().contains("\nOOMPolicy=continue\n"));
}

#[test]
fn the_alerts_tell_what_is_wrong_and_nothing_else() {
    run("promtool", &["test", "rules", &file("alerts_test.yml")]);
}

#[test]
#[ignore = "needs Python packages: run tools/test.sh"]
fn the_example_for_kubernetes_is_one() {
    let python = std::env::var("BANGTIN_TEST_PYTHON").expect("run tools/test.sh");
    run(&python.replace("/python", "/kubernetes-validate"), &["--strict", &file("kubernetes.yaml")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn metrics_follow_the_conventions() {
    let node = Node::start(&Database::new(Kind::Sqlite).await, &TestClock::at(NOON)).await;
    let metrics = node.get("/metrics").await.text();
    assert!(metrics.contains("\nbangtin_log_position 1\n") && metrics.contains("bangtin_responses_total{class=\"2xx\"} 0"), "{metrics}");
    let mut check = Command::new("promtool").args(["check", "metrics"]).stdin(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    check.stdin.take().unwrap().write_all(metrics.as_bytes()).unwrap();
    let checked = check.wait_with_output().unwrap();
    assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stderr));
}
