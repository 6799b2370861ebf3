//! The settings that changed since the image was written, over which no reader waits for a disk.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{PoisonError, RwLock};

use countersign_domain::settings::Settings;

/// Changed settings by person number. Nearly always a bit says that there is nothing to look up.
pub(super) struct Changed {
    bits: Box<[AtomicU64]>,
    settings: RwLock<HashMap<u32, Settings>>,
}

impl Changed {
    /// None changed, for so many people.
    pub(super) fn none(people: u32) -> Self {
        let words = people.div_ceil(u64::BITS);
        Self {
            bits: (0..words).map(|_| AtomicU64::new(0)).collect(),
            settings: RwLock::new(HashMap::new()),
        }
    }

    pub(super) fn get(&self, number: u32) -> Option<Settings> {
        let (word, bit) = place(number);
        // Acquire pairs with the Release in `set`: who sees the bit finds the settings.
        let is_changed = self.bits.get(word)?.load(Ordering::Acquire) & bit != 0;
        if !is_changed {
            return None;
        }
        self.settings.read().unwrap_or_else(PoisonError::into_inner).get(&number).copied()
    }

    pub(super) fn set(&self, number: u32, settings: Settings) {
        // Nothing in here panics with the lock held, so a poisoned lock still guards a whole map.
        self.settings.write().unwrap_or_else(PoisonError::into_inner).insert(number, settings);
        let (word, bit) = place(number);
        if let Some(word) = self.bits.get(word) {
            word.fetch_or(bit, Ordering::Release);
        }
    }
}

const fn place(number: u32) -> (usize, u64) {
    ((number / u64::BITS) as usize, 1 << (number % u64::BITS))
}
