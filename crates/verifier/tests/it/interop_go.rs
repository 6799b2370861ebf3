//! Notes, tiles and proofs against Go's own code, `golang.org/x/mod/sumdb/note` and `…/tlog`, in both
//! directions. The program is `testdata/interop/go`.

use std::convert::Infallible;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use countersign_domain::digest::Digest;
use countersign_domain::key::{PublicKey, Signature};
use countersign_protocol::checkpoint::Checkpoint;
use countersign_protocol::merkle::{
    Hash, Nodes, leaf_hash, node_hash, root, verify_consistency, verify_inclusion,
};
use countersign_protocol::note::NoteKey;
use countersign_protocol::tile::{TILE_WIDTH, TileKind, TilePath, paths, push_entry};
use ed25519_dalek::{Signer as _, SigningKey};
use serde_json::Value;

use crate::tools;

const ORIGIN: &str = "log.example/ours";

/// Around the edges of tiles, and with three levels of them.
const SIZES: [u64; 8] = [1, 2, 3, 255, 256, 257, 1_000, 70_000];

#[test]
fn interop_go_sumdb_reads_our_note_tiles_and_proofs() {
    let folder = tempfile::tempdir().unwrap();
    let interop = build_interop(folder.path());
    for size in SIZES {
        let site = folder.path().join(size.to_string());
        let (vkey, root) = write_site(&site, size);
        let read = tools::output_of(Command::new(&interop).arg("read").arg(&site).arg(&vkey));
        let read: Value = serde_json::from_str(&read).unwrap();
        assert_eq!(read["origin"], ORIGIN);
        assert_eq!(read["size"], size);
        assert_eq!(read["root"], Digest(root).to_string());
        assert_eq!(read["entries"], size);
        let tiles = paths(size).filter(|path| path.kind != TileKind::Entries).count();
        assert_eq!(read["tiles"], tiles, "Go needs every tile of size {size}, and no other");
        assert!(read["inclusions"].as_u64() >= Some(size.min(4)), "{read}");
        assert!(read["consistency"].as_u64() >= Some(size.min(4)), "{read}");
    }
}

#[test]
fn interop_go_sumdb_refuses_what_we_changed() {
    let folder = tempfile::tempdir().unwrap();
    let interop = build_interop(folder.path());
    for file in
        ["checkpoint", "tile/0/000", "tile/0/001.p/44", "tile/1/000.p/1", "tile/entries/000"]
    {
        let site = folder.path().join(file.replace('/', "-"));
        let (vkey, _) = write_site(&site, 300);
        let path = site.join(file);
        let mut bytes = fs::read(&path).unwrap();
        bytes[5] ^= 1;
        fs::write(&path, bytes).unwrap();
        let read = Command::new(&interop).arg("read").arg(&site).arg(&vkey).output().unwrap();
        assert!(!read.status.success(), "Go accepts a changed {file}");
    }
}

#[test]
fn interop_go_sumdb_signs_and_proves_what_we_verify() {
    let folder = tempfile::tempdir().unwrap();
    let interop = build_interop(folder.path());
    let sizes = SIZES.map(|size| size.to_string());
    tools::output_of(Command::new(&interop).arg("write").arg(folder.path()).args(&sizes));
    for size in SIZES {
        let text = fs::read(folder.path().join(format!("{size}.json"))).unwrap();
        let written: Value = serde_json::from_slice(&text).unwrap();
        let key = NoteKey::parse(written["vkey"].as_str().unwrap()).unwrap();
        let note = written["checkpoint"].as_str().unwrap();
        let checkpoint = Checkpoint::open(note.as_bytes(), "go.example/log", &key).unwrap();
        assert_eq!(checkpoint.size, size);
        for item in written["inclusions"].as_array().unwrap() {
            let index = item["index"].as_u64().unwrap();
            let leaf = leaf_hash(format!("leaf {index}").as_bytes());
            let proof = hashes(&item["proof"]);
            let verified = verify_inclusion(&leaf, index, size, &proof, &checkpoint.root);
            assert_eq!(verified, Ok(()), "leaf {index} of {size}");
        }
        for item in written["consistency"].as_array().unwrap() {
            let (earlier, root1) = (item["size"].as_u64().unwrap(), hash(&item["root"]));
            let proof = hashes(&item["proof"]);
            let verified = verify_consistency(earlier, size, &root1, &checkpoint.root, &proof);
            assert_eq!(verified, Ok(()), "from {earlier} to {size}");
        }
    }
}

fn build_interop(folder: &Path) -> PathBuf {
    let program = folder.join("interop");
    let mut build = tools::go();
    build.current_dir(tools::interop_folder().join("go")).args(["build", "-o"]).arg(&program);
    tools::output_of(build.arg("."));
    program
}

fn hash(value: &Value) -> Hash {
    Digest::parse(value.as_str().unwrap()).unwrap().0
}

fn hashes(value: &Value) -> Vec<Hash> {
    value.as_array().unwrap().iter().map(hash).collect()
}

/// A whole tree in memory: every complete subtree, by level.
struct Tree(Vec<Vec<Hash>>);

impl Tree {
    fn over(leaves: Vec<Hash>) -> Self {
        let mut levels = vec![leaves];
        while let Some(level) = levels.last().filter(|level| level.len() > 1) {
            let pairs = level.as_chunks::<2>().0;
            levels.push(pairs.iter().map(|[left, right]| node_hash(left, right)).collect());
        }
        Self(levels)
    }
}

impl Nodes for Tree {
    type Error = Infallible;

    fn node(&self, level: u32, index: u64) -> Result<Hash, Infallible> {
        Ok(self.0[level as usize][usize::try_from(index).unwrap()])
    }
}

/// Writes a log of this size as a static site; returns the key's text and the root.
fn write_site(folder: &Path, size: u64) -> (String, Hash) {
    let entries: Vec<_> =
        (0..size).map(|i| format!("entry {i}{}", " ".repeat(i as usize % 7))).collect();
    let tree = Tree::over(entries.iter().map(|entry| leaf_hash(entry.as_bytes())).collect());
    for path in paths(size) {
        let file = folder.join(path.to_string());
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, contents(&path, &entries, &tree)).unwrap();
    }
    let signing = SigningKey::from_bytes(&[7; 32]);
    let key = NoteKey::new(ORIGIN, PublicKey(signing.verifying_key().to_bytes())).unwrap();
    let Ok(root) = root(&tree, size);
    let checkpoint = Checkpoint { origin: ORIGIN.to_owned(), size, root };
    let note = checkpoint.sign(&key, |message| Signature(signing.sign(message).to_bytes()));
    fs::write(folder.join("checkpoint"), note.unwrap()).unwrap();
    (key.to_string(), root)
}

fn contents(path: &TilePath, entries: &[String], tree: &Tree) -> Vec<u8> {
    let first = path.index * TILE_WIDTH;
    let mut bytes = Vec::new();
    for index in first..first + u64::from(path.width) {
        match path.kind {
            TileKind::Entries => {
                let entry = entries[usize::try_from(index).unwrap()].as_bytes();
                push_entry(&mut bytes, entry).unwrap();
            }
            TileKind::Hashes { level } => {
                let Ok(hash) = tree.node(u32::from(level) * 8, index);
                bytes.extend_from_slice(&hash);
            }
        }
    }
    bytes
}
