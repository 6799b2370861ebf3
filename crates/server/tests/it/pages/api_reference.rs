//! The API reference, in a real browser: with the script of its filter, and without any.

use serde_json::{Value, json};

use crate::pages::register::{SCREENS, assert_readable, screenshot};
use crate::support::village;
use crate::support::webdriver::Browser;

/// The anchors that the page's links lead to and that are not there.
const DEAD_LINKS: &str = "
    return [...document.querySelectorAll('a[href^=\"#\"]')]
        .map((link) => link.getAttribute('href').slice(1))
        .filter((id) => !document.getElementById(id));";

/// How many entries are in view.
const SHOWN: &str = "return document.querySelectorAll('[data-entry]:not([hidden])').length";

#[test]
fn browser_api_reference_reads_filters_and_follows_its_links() {
    let world = village::founded();
    let _serving = world.serve();
    let browser = Browser::open();
    browser.go(&world.url());
    browser.follow("the API reference");
    let text = browser.text();
    for shown in
        ["API reference", "/me/friends", "POST", "Countersign-Receipt", "GraphError", "2500"]
    {
        assert!(text.contains(shown), "the page does not show {shown}: {text}");
    }
    // Commands are for this very instance, and can be copied as they stand.
    let me = format!("'{}/v3.0/me?fields=id,name,friends.limit(2){{id,name}}'", world.url());
    assert!(text.contains(&me), "{text}");
    assert_eq!(browser.run(DEAD_LINKS), json!([]));

    let all = browser.run(SHOWN).as_u64().unwrap();
    browser.type_into("#filter", "named routes exactly");
    assert_eq!(browser.run(SHOWN), 1);
    assert!(
        browser.run("return document.getElementById('count').innerText")
            == format!("1 of {all} shown")
    );
    assert!(!browser.text().contains("Whether the process answers"));
    // A link out of what is left leads to where it says, and shows that again.
    browser.follow("OpenFields");
    assert_eq!(browser.run("return location.hash"), "#schema-OpenFields");
    crate::support::eventually("the target is in view", || {
        let top = "return document.getElementById('schema-OpenFields').getBoundingClientRect().top";
        let top = browser.run(top).as_f64().unwrap();
        (0.0..1_500.0).contains(&top) && browser.run(SHOWN) == all
    });
    assert_eq!(browser.console(), Vec::<String>::new());
    browser.follow("OpenAPI 3.1");
    let document: Value = serde_json::from_str(&browser.text()).unwrap();
    assert_eq!(document["openapi"], "3.1.0");
}

#[test]
fn browser_api_reference_fits_every_screen_and_stands_out_from_its_ground() {
    let world = village::founded();
    let _serving = world.serve();
    let browser = Browser::open();
    browser.go(&format!("{}/docs", world.url()));
    for (name, width, scheme) in SCREENS {
        browser.show(width, scheme);
        for anchor in ["content", "readViewer", "changeSettings", "errors", "schema-GraphError"] {
            browser.run(&format!("document.getElementById('{anchor}').scrollIntoView()"));
            browser.screenshot(&screenshot(&format!("reference-{anchor}-{name}")));
        }
        let overflow = "return document.documentElement.scrollWidth - window.innerWidth";
        let overflow = browser.run(overflow).as_i64().unwrap();
        assert!(overflow <= 0, "{name}: the page is {overflow} pixels wider than the screen");
        assert_readable(&browser, name);
    }
    assert_eq!(browser.console(), Vec::<String>::new());
}

#[test]
fn browser_api_reference_reads_without_javascript_and_by_keyboard() {
    let world = village::founded();
    let _serving = world.serve();
    let browser = Browser::open();
    browser.without_javascript();
    browser.go(&format!("{}/docs", world.url()));
    let text = browser.text();
    assert!(text.contains("The viewer, with friends nested") && !text.contains("Filter (press /)"));
    browser.follow("Errors of the read API");
    assert!(browser.address().ends_with("/docs#errors"));
    // The first key leads past the contents.
    browser.go(&format!("{}/docs", world.url()));
    browser.press("\u{e004}");
    browser.press("\u{e007}");
    assert!(browser.address().ends_with("/docs#content"), "{}", browser.address());
}
