//! What operators look at: health, readiness, metrics and what the server says. None of it is about
//! a person.

use crate::support::village;
use crate::support::{header, program, send};

#[test]
fn health_readiness_and_metrics_respond() {
    let world = village::founded();
    let token = world.token(village::VIEWER);
    let serving = world.serve();
    assert_eq!(serving.page("/healthz"), "ok\n");
    assert_eq!(serving.page("/readyz"), "ready\n");
    let metric = |name: &str| {
        let metrics = serving.metrics();
        let line = metrics.lines().find_map(|line| line.strip_prefix(&format!("{name} ")));
        line.map(|value| value.parse::<u64>().unwrap())
    };
    assert_eq!(metric("countersign_answers_total"), Some(0));
    let mut bytes = 0;
    for _ in 0..3 {
        bytes += serving.get("/me?fields=friends.limit(4){name}", &token).body.len() as u64;
    }
    serving.get("/me/bogus", &token);
    assert_eq!(metric("countersign_answers_total"), Some(3));
    assert_eq!(metric("countersign_person_records_total"), Some(15));
    assert_eq!(metric("countersign_answer_bytes_total"), Some(bytes));
    assert_eq!(metric("countersign_errors_total{code=\"2500\"}"), Some(1));
    let head = metric("countersign_log_entries").unwrap();
    world.verified(head);
    assert_eq!(metric("countersign_log_published_size"), Some(head));
    let token = std::fs::read_to_string(world.directory.metrics_token()).unwrap();
    let bearer = format!("Bearer {}", token.trim());
    let scraped = |accept: &str| {
        let headers = [("authorization", bearer.as_str()), ("accept", accept)];
        let reply = send(&world.url(), "GET", "/metrics", &headers, "");
        let kind = header(&reply, "content-type").unwrap().to_owned();
        (kind, String::from_utf8(reply.body).unwrap())
    };
    // As Prometheus asks, and as others do.
    let (kind, text) = scraped("application/openmetrics-text;version=1.0.0;q=0.5,text/plain;q=0.2");
    assert!(kind.starts_with("application/openmetrics-text"), "{kind}");
    assert!(text.contains("# TYPE countersign_answers counter\n") && text.ends_with("# EOF\n"));
    let (kind, text) = scraped("*/*");
    assert!(kind.starts_with("text/plain; version=0.0.4"), "{kind}");
    assert!(text.contains("# TYPE countersign_answers_total counter\n") && !text.contains("# EOF"));
}

#[test]
fn no_metric_and_no_line_of_the_server_is_about_a_person() {
    let world = village::founded();
    let token = world.token(village::VIEWER);
    let accounts: Vec<String> = [village::VIEWER.to_owned()]
        .into_iter()
        .chain(village::visible())
        .chain(village::outsiders())
        .collect();
    let names: Vec<&str> = accounts.iter().map(String::as_str).collect();
    let ids = world.ids_toward("aurora", &names);
    let handles: Vec<String> = {
        let people = world.people();
        let handle = |account: &&str| people.person_of_account(account).unwrap().unwrap();
        names.iter().map(|account| const_hex::encode(handle(account).0)).collect()
    };
    let mut command = program(&["serve"]);
    // As talkative as it can be.
    let serving =
        world.serve_with(command.env("COUNTERSIGN_LOG", "trace").arg("--dir").arg(world.path()));
    let admin = serving.admin_token();
    for path in [
        "/me?fields=name,work,friends.limit(400){name,work,birthday}",
        "/me/friends?limit=2",
        "/me?fields=shoe_size",
        "/some.body",
        &format!("/{}", ids[3]),
        &format!("/{}?fields=name", ids.last().unwrap()),
        &format!("/{}/friends", ids[3]),
        &format!("/me/friends?after={}", ids[5]),
        &format!("/me?access_token={token}"),
    ] {
        serving.get(path, &token);
    }
    serving.get(&format!("/me?access_token={token}"), "");
    serving.open_to_friends_devices(&village::closed(1), &["id"]);
    for account in ["ada", "nobody"] {
        let wanted = serde_json::json!({
            "account": account, "build": "aurora-home@41", "purpose": "address-book",
        });
        serving.client.post("/admin/v1/tokens", &admin, &wanted).unwrap();
        serving.client.post("/login", &admin, &wanted).unwrap();
    }
    serving.suspend();
    serving.get("/me", &token);
    let told = serving.metrics() + &serving.page("/") + &serving.page("/readyz");
    let url = world.url();
    serving.stop();
    let said = told + &std::fs::read_to_string(world.path().with_file_name("stderr.txt")).unwrap();
    assert!(said.contains("an act was taken"), "nothing was said at all");
    // A reason of decisions, which is called as one of the accounts is.
    let said = said.replace("reason=\"minor\"", "");
    let told = |needle: &str| said.to_lowercase().contains(needle);
    for needle in ids.iter().chain(&handles) {
        assert!(!told(needle), "an id or handle is told on {url}");
    }
    for account in &accounts {
        let of_account = format!(" of {account}");
        assert!(!told(&of_account) && !told(&format!("\"{account}\"")), "{account} is told");
    }
    for needle in ["open-01", "closed-01", "stranger", &token.to_lowercase(), &admin] {
        assert!(!told(needle), "{needle} is told");
    }
}
