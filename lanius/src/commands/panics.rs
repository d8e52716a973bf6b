//! What a panic prints. Decoders of others' making panic on some damaged tables; that is caught, and told as what it is, an error of that
//! table, so nothing more is printed of it. Every other panic is told as ever.

use std::panic::{self, PanicHookInfo};
use std::sync::Arc;
use std::thread;

use crate::table;

type Hook = Box<dyn Fn(&PanicHookInfo<'_>) + Send + Sync>;

/// While it lives, panics that are caught as damage are not printed.
pub(super) struct Quiet {
    before: Arc<Hook>,
}

impl Quiet {
    pub(super) fn new() -> Self {
        let before = Arc::new(panic::take_hook());
        let told = Arc::clone(&before);
        panic::set_hook(Box::new(move |panic| {
            if !table::is_decoding() {
                told(panic);
            }
        }));
        Self { before }
    }
}

impl Drop for Quiet {
    fn drop(&mut self) {
        // A thread that panics must not change the hook.
        if !thread::panicking() {
            let before = Arc::clone(&self.before);
            panic::set_hook(Box::new(move |panic| before(panic)));
        }
    }
}
