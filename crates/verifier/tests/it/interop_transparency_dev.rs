//! Proofs against the vectors of `github.com/transparency-dev/merkle`, negative ones included: see
//! `testdata/interop/transparency_dev_merkle`.

use std::fs;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use countersign_protocol::merkle::{Hash, verify_consistency, verify_inclusion};
use serde_json::Value;

use crate::tools;

#[test]
fn interop_transparency_dev_merkle_vectors() {
    let vectors = print_vectors();
    let (mut right, mut wrong) = (0, 0);
    for (kind, verify) in
        [("inclusion", inclusion as fn(&Value) -> bool), ("consistency", consistency)]
    {
        for vector in vectors[kind].as_array().unwrap() {
            let is_wrong = vector["wantErr"].as_bool().unwrap();
            assert_eq!(verify(vector), !is_wrong, "{kind}: {vector}");
            *if is_wrong { &mut wrong } else { &mut right } += 1;
        }
    }
    println!("{right} right and {wrong} wrong vectors agree");
    assert!(right > 150 && wrong > 2_700, "{right} right and {wrong} wrong vectors ran");
}

fn inclusion(vector: &Value) -> bool {
    let number = |name| vector[name].as_u64().unwrap();
    let verify = || {
        let (leaf, root) = (hash(&vector["leafHash"])?, hash(&vector["root"])?);
        let proof = proof(&vector["proof"])?;
        verify_inclusion(&leaf, number("leafIndex"), number("treeSize"), &proof, &root).ok()
    };
    verify().is_some()
}

fn consistency(vector: &Value) -> bool {
    let number = |name| vector[name].as_u64().unwrap();
    let verify = || {
        let (root1, root2) = (hash(&vector["root1"])?, hash(&vector["root2"])?);
        let proof = proof(&vector["proof"])?;
        verify_consistency(number("size1"), number("size2"), &root1, &root2, &proof).ok()
    };
    verify().is_some()
}

/// `None` where the vector has other than 32 bytes, which our types refuse before any verifier does.
fn hash(value: &Value) -> Option<Hash> {
    STANDARD.decode(value.as_str()?).unwrap().try_into().ok()
}

fn proof(value: &Value) -> Option<Vec<Hash>> {
    value.as_array().map_or(Some(Vec::new()), |hashes| hashes.iter().map(hash).collect())
}

/// Adds our printing test to a copy of the module and runs it there.
fn print_vectors() -> Value {
    let folder = tempfile::tempdir().unwrap();
    let interop = tools::interop_folder();
    let mut locate = tools::go();
    locate.current_dir(interop.join("go")).args(["list", "-m", "-f", "{{.Dir}}"]);
    let module = tools::output_of(locate.arg("github.com/transparency-dev/merkle"));
    copy(Path::new(module.trim()), folder.path());
    let printer = "print_vectors_test.go";
    let ours = interop.join("transparency_dev_merkle").join(printer);
    fs::copy(ours, folder.path().join("proof").join(printer)).unwrap();
    let vectors = folder.path().join("vectors.json");
    let mut test = tools::go();
    test.current_dir(folder.path()).args(["test", "-run", "TestPrintVectors", "./proof"]);
    tools::output_of(test.env("VECTORS", &vectors));
    serde_json::from_slice(&fs::read(vectors).unwrap()).unwrap()
}

/// Copies a folder of Go's module cache, which is read-only, into one that is not.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::write(&target, fs::read(entry.path()).unwrap()).unwrap();
        }
    }
}
