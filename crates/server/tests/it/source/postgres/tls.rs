//! TLS to the database: whose certificate is taken, and whose is not.

use std::fs;
use std::sync::Arc;

use rcgen::{CertificateParams, KeyPair};

use crate::support::postgres::{Cluster, said};
use crate::support::{World, eventually, program};

const SCHEMA: &str = "CREATE TABLE people (account text PRIMARY KEY, name text);
    CREATE TABLE friends (a text, b text); INSERT INTO people VALUES ('ada', 'Ada')";

const MAPPING: &str = "version = 1\n[people]\ntable = \"people\"\naccount = \"account\"\n\
    [friendships]\ntable = \"friends\"\ncolumns = [\"a\", \"b\"]\nstored = \"once\"\n\
    [fields]\nname = \"name\"\n";

/// Gives the database a certificate for this name.
fn certify(cluster: &Cluster, name: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    // Another user, the database's, reads from it.
    let open = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    fs::set_permissions(folder.path(), open).unwrap();
    let key = KeyPair::generate().unwrap();
    let certificate =
        CertificateParams::new(vec![name.to_owned()]).unwrap().self_signed(&key).unwrap();
    for (file, text) in [("server.crt", certificate.pem()), ("server.key", key.serialize_pem())] {
        let path = folder.path().join(file);
        fs::write(&path, text).unwrap();
        cluster.take(&path);
    }
    let folder = cluster.run("postgres", "SHOW unix_socket_directories");
    for setting in [
        format!("ssl_cert_file = '{folder}/server.crt'"),
        format!("ssl_key_file = '{folder}/server.key'"),
        "ssl = on".to_owned(),
    ] {
        cluster.run("postgres", &format!("ALTER SYSTEM SET {setting}"));
    }
    cluster.run("postgres", "SELECT pg_reload_conf()");
    eventually("TLS is on", || cluster.run("postgres", "SHOW ssl") == "on");
    certificate.pem()
}

#[test]
fn interop_postgres_over_tls_takes_the_right_certificate_only() {
    let cluster = Arc::new(Cluster::start());
    let database = cluster.database(SCHEMA);
    let world = World::founded();
    world.import_lines(&[serde_json::json!({ "account": "ada" })]);
    database.serve_to(&world, MAPPING, "tls = \"verify-full\"\nca_file = \"ca.pem\"\n");
    world.configure(&database.url(), &database.url_by_name());
    let check = || said(program(&["source", "check"]).arg("--dir").arg(world.path()));
    let ca = world.path().join("ca.pem");

    let right = certify(&cluster, "localhost");
    fs::write(&ca, &right).unwrap();
    let (is_content, text) = check();
    assert!(is_content && text.contains("TLS on"), "{text}");
    {
        let serving = world.serve();
        let token = serving.token("ada");
        assert_eq!(serving.read("/me?fields=name", &token)["name"], "Ada");
        let reader = database.reader();
        let private = format!(
            "SELECT bool_and(ssl) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE usename = '{reader}'"
        );
        assert_eq!(database.run(&private), "t");
    }

    let other = certify(&cluster, "localhost");
    let (is_content, text) = check();
    assert!(!is_content && text.contains("TLS: invalid peer certificate"), "{text}");
    fs::write(&ca, &other).unwrap();
    assert!(check().0);

    let misnamed = certify(&cluster, "db.example");
    fs::write(&ca, &misnamed).unwrap();
    let (is_content, text) = check();
    assert!(!is_content && text.contains("not valid for name"), "{text}");

    // Without TLS on the server there is no connection, rather than one in clear.
    cluster.run("postgres", "ALTER SYSTEM SET ssl = off");
    cluster.run("postgres", "SELECT pg_reload_conf()");
    eventually("TLS is off", || cluster.run("postgres", "SHOW ssl") == "off");
    assert!(!check().0);
}
