//! The page for people, in a real browser.

use std::path::PathBuf;

use countersign_domain::act::{Act, Review, ReviewOutcome};
use countersign_domain::identifier::Identifier;

use crate::support::Serving;
use crate::support::village;
use crate::support::webdriver::Browser;

/// Where screenshots go, to be looked at.
pub(crate) fn screenshot(name: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("screenshots");
    std::fs::create_dir_all(&folder).unwrap();
    folder.join(format!("{name}.png"))
}

/// Widths and colour schemes in which people see the page.
pub(crate) const SCREENS: [(&str, u32, &str); 4] = [
    ("light", 1_280, "light"),
    ("dark", 1_280, "dark"),
    ("phone", 390, "light"),
    ("phone-dark", 390, "dark"),
];

#[test]
fn browser_register_page_says_who_receives_data_and_what_became_of_it() {
    let world = village::founded();
    let serving = world.serve();
    world.verified(serving.head());
    let browser = Browser::open();
    let url = world.url();
    browser.go(&url);
    let text = browser.text();
    for shown in [
        "localhost/countersign-demo",
        "Aurora Devices B.V.",
        "aurora-home",
        "device integration",
        "aurora-home-1",
        "in force",
        "aurora-home@41",
        "approved",
        "countersign-verify log",
        &world.key.to_string(),
    ] {
        assert!(text.contains(shown), "the page does not show {shown}: {text}");
    }
    assert_eq!(browser.run("return document.querySelectorAll('script').length"), 0);
    for (name, width, scheme) in SCREENS {
        browser.show(width, scheme);
        browser.screenshot(&screenshot(&format!("register-{name}")));
        let overflow = "return document.documentElement.scrollWidth - window.innerWidth";
        let overflow = browser.run(overflow).as_i64().unwrap();
        assert!(overflow <= 0, "{name}: the page is {overflow} pixels wider than the screen");
        assert_readable(&browser, name);
    }

    browser.follow("aurora-home-1");
    let document: serde_json::Value = serde_json::from_str(&browser.text()).unwrap();
    assert_eq!(document["client"], "aurora-home");
    browser.go(&url);
    browser.follow("/log/checkpoint");
    assert!(browser.text().starts_with("localhost/countersign-demo\n"));
    shows_suspension_and_revocation(&browser, &serving);
}

/// The text that is small stands out from its ground as WCAG 2.2 AA asks.
pub(crate) fn assert_readable(browser: &Browser, name: &str) {
    let contrast = "
        const parse = (c) => c.match(/[\\d.]+/g).slice(0, 3).map(Number);
        const lum = (c) => {
            const [r, g, b] = parse(c).map((v) => v / 255)
                .map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
            return 0.2126 * r + 0.7152 * g + 0.0722 * b;
        };
        const ground = lum(getComputedStyle(document.body).backgroundColor);
        return Math.min(...[...document.querySelectorAll('main *')].map((e) => {
            const ink = lum(getComputedStyle(e).color);
            return (Math.max(ink, ground) + 0.05) / (Math.min(ink, ground) + 0.05);
        }));";
    let contrast = browser.run(contrast).as_f64().unwrap();
    assert!(contrast >= 4.5, "{name}: some text has a contrast of {contrast}");
}

fn shows_suspension_and_revocation(browser: &Browser, serving: &Serving<'_>) {
    let states = || {
        browser.go(&serving.world.url());
        let states = "return [...document.querySelectorAll('.state')].map((e) => e.innerText)";
        let states = browser.run(states);
        let states = states.as_array().unwrap().iter().map(|state| state.as_str().unwrap());
        states.map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(states(), ["in force", "approved"]);
    serving.suspend();
    assert_eq!(states(), ["suspended", "approved"]);
    browser.show(1_280, "light");
    browser.screenshot(&screenshot("register-suspended"));
    serving.reinstate();
    let build = Identifier::parse("aurora-home@41").unwrap();
    let revoke = Act::Review(Review { build, outcome: ReviewOutcome::Revoke });
    serving.submit(revoke, &["reviewer:omar"]).unwrap();
    assert_eq!(states(), ["in force", "revoked"]);
}
