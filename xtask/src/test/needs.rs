//! What tests stand on beyond the compiler, told by how their names begin, or a module's that they are in.

/// Something that has to be set up before some tests can run.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Need {
    /// A Go toolchain, and the modules of `testdata/interop/go/go.mod`.
    Go,
    /// A Python environment with the packages of `testdata/interop/python/requirements.txt`.
    Python,
    /// Node.js, and the packages of `testdata/interop/node/package.json`.
    Node,
    /// A headless Chromium and its WebDriver.
    Browser,
    /// nginx.
    Nginx,
    /// The programs of a PostgreSQL server.
    Postgres,
    /// PgBouncer, a pooler before PostgreSQL.
    Pgbouncer,
    /// The command of OpenSSL 3.
    Openssl,
    /// The SMT solver cvc5.
    Cvc5,
    /// Debian's tools for packages, and systemd's for units.
    Packages,
    /// The root of a Debian that boots in a container of systemd's.
    DebianRoot,
    /// Podman, which builds and runs containers.
    Podman,
    /// Prometheus' promtool.
    Promtool,
    /// The OpenTelemetry collector of `testdata/interop/collector`, which takes minutes to build.
    Collector,
    /// libfaketime, under which a program sees another date.
    Faketime,
}

/// The table: add a line when a test stands on something new.
const NEEDS: &[(&str, Need)] = &[
    ("interop_go_", Need::Go),
    ("interop_transparency_dev_", Need::Go),
    ("interop_facebook_sdk_", Need::Python),
    ("interop_nginx_", Need::Nginx),
    ("interop_cvc5_", Need::Cvc5),
    ("interop_debian_", Need::Packages),
    ("interop_podman_", Need::Packages),
    ("interop_podman_", Need::Podman),
    ("interop_podman_", Need::DebianRoot),
    ("interop_systemd_", Need::Packages),
    ("interop_systemd_", Need::DebianRoot),
    ("interop_faketime_", Need::Faketime),
    ("interop_postgres_", Need::Postgres),
    ("interop_postgres_pgbouncer_", Need::Pgbouncer),
    ("interop_openssl_", Need::Openssl),
    ("interop_cryptography_", Need::Python),
    ("interop_odrl_", Need::Python),
    ("interop_openapi_", Need::Python),
    ("interop_opentelemetry_collector_", Need::Collector),
    ("interop_prometheus_", Need::Promtool),
    ("interop_pyfacebook_", Need::Python),
    ("interop_witness_log_", Need::Python),
    ("interop_fbgraph_", Need::Node),
    ("interop_page_", Need::Node),
    ("interop_facebook_nodejs_business_sdk_", Need::Node),
    ("browser_", Need::Browser),
];

impl Need {
    /// Whether only full runs set it up; its tests pass by otherwise, and say so.
    const fn is_of_full_runs(self) -> bool {
        matches!(self, Self::Collector | Self::DebianRoot | Self::Podman)
    }
}

/// What the tests of a `--list --format terse` need, each once, in a full run or another one.
pub(crate) fn of_tests(list: &str, is_full: bool) -> Vec<Need> {
    let mut needs = Vec::new();
    for line in list.lines() {
        let Some(path) = line.strip_suffix(": test") else {
            continue;
        };
        for (prefix, need) in NEEDS {
            let is_needed = path.split("::").any(|name| name.starts_with(prefix));
            let is_set_up = is_full || !need.is_of_full_runs();
            if is_needed && is_set_up && !needs.contains(need) {
                needs.push(*need);
            }
        }
    }
    needs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_test_needs_what_its_name_begins_with() {
        let list = "time::tests::dates: test\ninterop::interop_go_sumdb: test\n\
                    interop_transparency_dev_merkle_vectors: test\nbrowser_: benchmark\n";
        assert_eq!(of_tests(list, false), [Need::Go]);
        assert_eq!(of_tests("not_browser_x: test\n", false), []);
        assert_eq!(of_tests("pages::browser_x: test\n", false), [Need::Browser]);
        assert_eq!(of_tests("interop_postgres_x::tables::rows: test\n", false), [Need::Postgres]);
        let pooled = of_tests("pool::interop_postgres_pgbouncer_x: test\n", false);
        assert_eq!(pooled, [Need::Postgres, Need::Pgbouncer]);
        let long = "interop_opentelemetry_collector_x: test\n";
        assert_eq!((of_tests(long, false), of_tests(long, true)), (vec![], vec![Need::Collector]));
    }
}
