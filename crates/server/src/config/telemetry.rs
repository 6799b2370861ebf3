//! What `[telemetry]` may say.

use countersign_http::settings::Telemetry;
use countersign_toml::Fault;

/// Refuses a share that is none, and an address that is none.
///
/// # Errors
/// [`Fault`], with the key and what is allowed.
pub(super) fn check(settings: &Telemetry) -> Result<(), Fault> {
    let ratio = settings.traces_ratio;
    if !(0.0..=1.0).contains(&ratio) {
        let message = format!("{ratio} is not allowed; use 0.0 to 1.0");
        return Err(Fault::at("telemetry.traces_ratio", message));
    }
    let Some(endpoint) = &settings.traces_endpoint else { return Ok(()) };
    let host = ["http://", "https://"].iter().find_map(|scheme| endpoint.strip_prefix(scheme));
    if host.is_none_or(|host| {
        host.is_empty() || host.starts_with('/') || host.contains(['?', '#', '@'])
    }) {
        let message = format!(
            "{endpoint:?} is no address of a collector; use http:// or https:// with a host and its port for OTLP over HTTP, as \"http://127.0.0.1:4318\""
        );
        return Err(Fault::at("telemetry.traces_endpoint", message));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_collector_has_an_address_and_a_share_is_one() {
        let takes = |endpoint: &str| {
            let traces_endpoint = Some(endpoint.to_owned());
            check(&Telemetry { traces_endpoint, ..Telemetry::default() }).is_ok()
        };
        for fine in ["http://127.0.0.1:4318", "https://collector.example/otlp"] {
            assert!(takes(fine), "{fine}");
        }
        for wrong in ["127.0.0.1:4318", "grpc://127.0.0.1:4317", "http://", "http://a@b"] {
            assert!(!takes(wrong), "{wrong}");
        }
        for (traces_ratio, fits) in [(0.0, true), (1.0, true), (1.5, false), (f64::NAN, false)] {
            let settings = Telemetry { traces_ratio, ..Telemetry::default() };
            assert_eq!(check(&settings).is_ok(), fits, "{traces_ratio}");
        }
    }
}
