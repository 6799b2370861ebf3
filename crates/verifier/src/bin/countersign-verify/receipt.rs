//! `countersign-verify receipt`: the check of one answer against the log.

use std::path::PathBuf;

use clap::Args;
use countersign_domain::time::Timestamp;
use countersign_protocol::receipt::{NONCE_BYTES_MAX, RECEIPT_HEADER, is_nonce, operation_nonce};
use countersign_verifier::batch;
use countersign_verifier::headers::Headers;
use countersign_verifier::log_check::Question;
use countersign_verifier::promise::{Promise, ReceivedAnswer, check_answer, promised_index};
use countersign_verifier::verdict::Verdict;

use crate::place::LogOption;
use crate::source::read_file;
use crate::trust::Trust;
use crate::wait::Wait;
use crate::{CannotSay, DOES_NOT_HOLD, NOT_YET, exit_code, report};

/// Check an answer: was its receipt's promise kept, and is it what was logged?
///
/// Checks the receipt against body and request, finds its entry in the log, and recomputes from the
/// body which fields of which person were released: the entry must commit to exactly those. Also
/// checks the log, as `log` does. Exit code 3: the entry is not published, and its deadline has not passed; --wait
/// waits for it. Exit code 2: not checked, as of an error, which carries no receipt, or of a body or request that the
/// receipt is not for.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    #[command(flatten)]
    log: LogOption,
    /// The answer's headers, as `curl -D FILE` writes them.
    #[arg(long, value_name = "FILE", required_unless_present = "batch", conflicts_with = "batch")]
    headers: Option<PathBuf>,
    /// The answer's body, byte for byte, as `curl -o FILE` writes it.
    #[arg(long, value_name = "FILE", required_unless_present = "batch", conflicts_with = "batch")]
    body: Option<PathBuf>,
    /// The body of the answer to a batch, in place of headers and body: `--operation` says which answer in it.
    #[arg(long, value_name = "FILE", requires = "operation")]
    batch: Option<PathBuf>,
    /// The operation of the batch, counted from 0; --method, --uri and --request-body are then the operation's.
    #[arg(long, value_name = "N", requires = "batch")]
    operation: Option<usize>,
    /// The request's method.
    #[arg(long, default_value = "GET")]
    method: String,
    /// The request's path and query, exactly as sent. Of an operation, its relative_url after a slash; where that
    /// has references, the answer's header countersign-operation-url.
    #[arg(long, value_name = "PATH")]
    uri: String,
    /// The nonce that the request carried, if it did.
    #[arg(long, default_value = "")]
    nonce: String,
    /// The request's body, if it had one.
    #[arg(long, value_name = "FILE")]
    request_body: Option<PathBuf>,
    #[command(flatten)]
    wait: Wait,
    #[command(flatten)]
    trust: Trust,
    /// Print one JSON document instead of the report.
    #[arg(long)]
    pub(crate) json: bool,
}

/// The HTTP status of an answer that is no error.
const OK: u16 = 200;

const EXAMPLES: &str = "\
Example:
  curl -D headers -o body -H \"Authorization: Bearer $TOKEN\" -H 'countersign-nonce: 4711' \\
    'https://platform.example/v3.0/me?fields=id,name'
  countersign-verify receipt --log https://platform.example/log --key @log.vkey \\
    --headers headers --body body --uri '/v3.0/me?fields=id,name' --nonce 4711 --wait

Without --policy, --since and --state the answer is proved against one checkpoint, which the platform may have made for
you alone. With a policy of witnesses everybody else sees the same log; with --state, or --since, you did before.";

/// The answer's headers and body.
fn answer(arguments: &Arguments) -> Result<(String, Vec<u8>), CannotSay> {
    if let (Some(batch), Some(number)) = (&arguments.batch, arguments.operation) {
        let answer = batch::operation(&read_file(batch)?, number);
        let answer = answer.map_err(|error| CannotSay(error.to_string()))?;
        return Ok((answer.headers, answer.body.into_bytes()));
    }
    let read = |path: &Option<PathBuf>, option: &str| match path {
        Some(path) => read_file(path),
        None => Err(CannotSay(format!("{option} is missing"))),
    };
    let headers = read(&arguments.headers, "--headers")?;
    Ok((String::from_utf8_lossy(&headers).into_owned(), read(&arguments.body, "--body")?))
}

pub(crate) fn run(arguments: &Arguments, now: Timestamp) -> Result<u8, CannotSay> {
    if !arguments.uri.starts_with('/') {
        return Err(CannotSay(
            "--uri begins with '/': give path and query without the host".to_owned(),
        ));
    }
    let nonce = arguments.nonce.as_bytes();
    if !is_nonce(nonce) {
        return Err(CannotSay(format!(
            "--nonce has at most {NONCE_BYTES_MAX} bytes and no newline"
        )));
    }
    let nonce = match arguments.operation {
        Some(number) => operation_nonce(nonce, number),
        None => nonce.to_vec(),
    };
    let (headers, body) = answer(arguments)?;
    // An answer with a receipt is checked whatever its status: data sent under another one is data.
    let has_receipt = Headers(&headers).carry(RECEIPT_HEADER);
    match Headers(&headers).status() {
        Some(OK) => {}
        Some(status) if !has_receipt => {
            return Err(CannotSay(format!(
                "this answer is an error (HTTP {status}); errors carry no receipt, so there is nothing to check"
            )));
        }
        None if !has_receipt => {
            let is_swapped = Headers(&String::from_utf8_lossy(&body)).status().is_some();
            let hint = if is_swapped { "; --headers and --body are swapped" } else { "" };
            return Err(CannotSay(format!(
                "these are not the headers of an answer, as `curl -D` writes them{hint}"
            )));
        }
        _ => {}
    }
    let request_body = arguments.request_body.as_deref().map(read_file).transpose()?;
    let received = ReceivedAnswer {
        headers: &headers,
        body: &body,
        method: &arguments.method,
        path_and_query: &arguments.uri,
        request_body: request_body.as_deref().unwrap_or_default(),
        nonce: &nonce,
    };
    let log = &arguments.log;
    let source = log.open()?;
    let brought = arguments.trust.read(&log.of.key)?;
    let question = brought.question(&log.of.key, now);
    let now = arguments.wait.until_published(&source, &question, promised_index(&headers))?;
    let question = Question { now, ..question };
    let checked = check_answer(&*source.site, &question, &received, source.progress());
    let checked = checked.map_err(|error| CannotSay(error.to_string()))?;
    let kept = arguments.trust.keep(&brought, &checked.state);
    report::answer(&checked, arguments.json)?;
    outcome(&checked.verdict, checked.promise, kept)
}

/// The exit code of a receipt's check. What was found matters more than that it could not be kept.
pub(crate) fn outcome(
    verdict: &Verdict,
    promise: Promise,
    kept: Result<(), CannotSay>,
) -> Result<u8, CannotSay> {
    let code = match (exit_code(verdict), promise) {
        (0, Promise::NotYet) => NOT_YET,
        (0, Promise::Broken) => DOES_NOT_HOLD,
        (code, _) => code,
    };
    if code == DOES_NOT_HOLD {
        kept.unwrap_or_else(|error| report::not_kept(&error));
        return Ok(code);
    }
    kept.map(|()| code)
}
