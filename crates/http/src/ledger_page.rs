//! `GET /ledger`: the page that checks a ledger, in whoever's browser reads it. It is one file, so that it works
//! saved to disk as well; its own policy, which goes with it, lets it send nothing anywhere.
//!
//! The scripts are ES modules, for other programs as they stand. In the page they are one module, behind each
//! other, without their imports and exports.
//!
//! The platform's rules name the page by its digest, so that it is in the log, and signed by two reviewers. The digest
//! depends on nothing but this program.
//!
//! Spec: docs/protocol.md, sections 3.2 and 7.

use std::sync::LazyLock;

use axum::body::Bytes;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use countersign_domain::digest::Digest;
use countersign_domain::register::Register;
use sha2::{Digest as _, Sha256};

const PAGE: &str = include_str!("../templates/ledger/page.html");
const STYLE: &str = include_str!("../templates/ledger/style.css");

/// Each behind those that it imports.
const MODULES: [&str; 22] = [
    include_str!("../templates/ledger/bytes.js"),
    include_str!("../templates/ledger/curve.js"),
    include_str!("../templates/ledger/signature.js"),
    include_str!("../templates/ledger/proofs.js"),
    include_str!("../templates/ledger/blake3.js"),
    include_str!("../templates/ledger/vrf.js"),
    include_str!("../templates/ledger/bundle.js"),
    include_str!("../templates/ledger/note.js"),
    include_str!("../templates/ledger/policy.js"),
    include_str!("../templates/ledger/history.js"),
    include_str!("../templates/ledger/trie.js"),
    include_str!("../templates/ledger/directory.js"),
    include_str!("../templates/ledger/entries.js"),
    include_str!("../templates/ledger/closes.js"),
    include_str!("../templates/ledger/choices.js"),
    include_str!("../templates/ledger/items.js"),
    include_str!("../templates/ledger/verdict.js"),
    include_str!("../templates/ledger/account.js"),
    include_str!("../templates/ledger/receipts.js"),
    include_str!("../templates/ledger/verify.js"),
    include_str!("../templates/ledger/form.js"),
    include_str!("../templates/ledger/page.js"),
];

/// The page, and the policy that its header has.
static ASSEMBLED: LazyLock<(Bytes, String)> = LazyLock::new(|| {
    let script = one_module(&MODULES);
    let digest = |text: &str| BASE64_STANDARD.encode(Sha256::digest(text));
    let policy = format!(
        "default-src 'none'; script-src 'sha256-{}'; style-src 'sha256-{}'; img-src data:; base-uri 'none'; form-action 'none'",
        digest(&script),
        digest(STYLE),
    );
    let page =
        PAGE.replace("{policy}", &policy).replace("{style}", STYLE).replace("{script}", &script);
    // What a page may not say of itself, its header has to.
    (page.into(), format!("{policy}; frame-ancestors 'none'"))
});

/// Modules as one: an import is a line, and names are given once among all of them.
fn one_module(modules: &[&str]) -> String {
    let lines = modules.iter().flat_map(|module| module.lines());
    let own = lines.filter(|line| !line.starts_with("import "));
    own.flat_map(|line| [line.strip_prefix("export ").unwrap_or(line), "\n"]).collect()
}

/// SHA-256 of the page as it is served: what `sha256sum` says of the page on disk.
#[must_use]
pub fn digest() -> Digest {
    Digest(Sha256::digest(&ASSEMBLED.0).into())
}

/// Whether the page is the one that reviewers signed for with the rules in force.
///
/// # Errors
/// What to do if it is not, for the operator.
pub fn compare(register: &Register) -> Result<String, String> {
    let (served, named) = (digest(), register.rules().and_then(|rules| rules.ledger_page));
    match named {
        None => Ok("the rules name no page; publish rules to have it in the log".to_owned()),
        Some(named) if named == served => Ok(format!("{served}, as the rules have it")),
        Some(named) => Err(format!(
            "the ledger's page is {served}, and the rules in the log name {named}: look at what changed in it, and publish the rules again"
        )),
    }
}

/// The page that checks a person's ledger in their browser.
///
/// One file, which works saved to disk as well. It sends nothing anywhere.
#[utoipa::path(
    get,
    path = "/ledger",
    operation_id = "readLedgerPage",
    responses(
        (status = 200, description = "The page.", body = String, content_type = "text/html"),
    ),
)]
pub async fn get() -> Response {
    let (page, policy) = &*ASSEMBLED;
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CONTENT_SECURITY_POLICY, policy.as_str()),
    ];
    (headers, page.clone()).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modules_become_one() {
        let modules = ["export const A = 1;\n", "import { A } from \"./a.js\";\nuse(A);\n"];
        assert_eq!(one_module(&modules), "const A = 1;\nuse(A);\n");
    }
}
