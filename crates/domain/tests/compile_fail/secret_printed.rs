//! A secret has no printed form.

use countersign_domain::person::Secret;

fn print(secret: &Secret) -> String {
    secret.to_string()
}

fn main() {}
