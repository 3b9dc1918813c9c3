//! In place of the search, where it is left out: nothing is noted and nothing is indexed. A core that has it makes the index
//! of such a home anew, because there is no mark of one.

use engine::ports::Batch;
use engine::search::Document;

use crate::account::AccountInner;
use crate::error::CoreError;
use crate::sync::Folder;

#[derive(Default)]
pub(crate) struct Unindexed {}

impl Unindexed {
    pub(crate) fn add(&mut self, _: Document) {}

    pub(crate) fn is_full(&self) -> bool {
        false
    }
}

impl AccountInner {
    pub(crate) fn note_unindexed(&self, _: &mut Batch, _: Folder, _: u32) {}

    pub(crate) async fn index_meanwhile(&self, _: &mut Unindexed) -> Result<(), CoreError> {
        Ok(())
    }

    pub(crate) async fn index(&self, _: &mut Unindexed) -> Result<(), CoreError> {
        Ok(())
    }
}
