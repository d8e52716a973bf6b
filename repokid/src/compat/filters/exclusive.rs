//! `ExclusiveFilter`: only roles that a glob names are looked at, all others are named. And its opposite, break-glass roles.

use std::collections::BTreeMap;

use menagerie_aws::AccountId;

use super::Named;
use super::glob::{Glob, GlobError};
use crate::compat::config::PerAccount;

#[derive(Debug)]
struct Globs {
    all: Vec<Glob>,
    accounts: BTreeMap<AccountId, Vec<Glob>>,
}

impl Globs {
    fn new(texts: &PerAccount) -> Result<Self, GlobError> {
        let compile = |texts: &Vec<String>| texts.iter().map(|text| Glob::new(text)).collect::<Result<Vec<_>, _>>();
        let accounts = texts.accounts.iter().map(|(account, texts)| Ok((account.clone(), compile(texts)?))).collect::<Result<_, _>>()?;
        Ok(Self { all: compile(&texts.all)?, accounts })
    }

    fn matching(&self, one: Named<'_>) -> Option<&Glob> {
        self.all.iter().chain(self.accounts.get(one.account).into_iter().flatten()).find(|glob| glob.matches(one.name))
    }
}

#[derive(Debug)]
pub(super) struct Exclusive(Globs);

impl Exclusive {
    pub(super) fn new(texts: &PerAccount) -> Result<Self, GlobError> {
        Globs::new(texts).map(Self)
    }

    pub(super) fn names(&self, one: Named<'_>) -> Option<String> {
        self.0.matching(one).is_none().then(|| "no glob of ExclusiveFilter names it".to_owned())
    }
}

#[derive(Debug)]
pub(super) struct BreakGlass(Globs);

impl BreakGlass {
    pub(super) fn new(texts: &PerAccount) -> Result<Self, GlobError> {
        Globs::new(texts).map(Self)
    }

    pub(super) fn names(&self, one: Named<'_>) -> Option<String> {
        self.0.matching(one).map(|glob| format!("it is for breaking glass, by the glob {:?}", glob.text()))
    }
}
