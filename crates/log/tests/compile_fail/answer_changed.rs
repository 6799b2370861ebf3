//! An answer stays what was made of what was released.

use countersign_log::released::Answer;

fn changed(mut answer: Answer) -> Answer {
    answer.body = b"more than was logged".to_vec();
    answer
}

fn main() {}
