//! What the tests share: an instance with its people and a server, and what stands around it.

pub(crate) mod checked;
pub(crate) mod foreign;
pub(crate) mod partners;
pub(crate) mod people;
pub(crate) mod platform_api;
pub(crate) mod postgres;
pub(crate) mod scripted_api;
pub(crate) mod source_opened;
pub(crate) mod source_people;
pub(crate) mod village;
pub(crate) mod webdriver;
pub(crate) mod witnesses;
pub(crate) mod world;

pub(crate) use world::*;
