//! Fetches from git's own server (`git http-backend`), compared with what `git clone --mirror` makes of the same repository.

mod damage;
mod fetches;
mod loopback;
mod packs;
