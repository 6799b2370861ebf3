//! How far a long command is, on a terminal. Where standard error is none, nothing is drawn.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Where progress is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// On standard error, if it is a terminal.
    Stderr,
    /// Nowhere.
    Hidden,
}

/// One step of a command. It leaves the screen when it is dropped.
pub struct Bar(ProgressBar);

impl Progress {
    /// Begins a step of `total` things; with none the step is drawn without an end.
    pub fn step(self, what: &'static str, total: u64) -> Bar {
        let target = match self {
            Self::Stderr => ProgressDrawTarget::stderr(),
            Self::Hidden => ProgressDrawTarget::hidden(),
        };
        let bar = ProgressBar::with_draw_target((total > 0).then_some(total), target);
        let template = "{msg:28} {wide_bar} {human_pos}/{human_len} {elapsed}";
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        bar.set_message(what);
        Bar(bar)
    }
}

impl Bar {
    /// So many are done.
    pub fn at(&self, done: u64) {
        self.0.set_position(done);
    }

    /// There are so many.
    pub fn total(&self, total: u64) {
        self.0.set_length(total);
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
