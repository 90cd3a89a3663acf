//! The vocabulary of the stories.
//!
//! ```text
//! let world = World::start().await;                  // a bank and a server, both new, on free ports
//! let shop = world.shop("acme").await;               // a store that tries failed payments again quickly
//! shop.stock("MUG", 10).await;                       // ten mugs at 1,250 apiece
//!
//! let id = shop.buy(&basket("MUG", 2)).await;        // a shopper's order, sent again under its key until it is answered
//! shop.reaches(&id, "confirmed").await;              // looks again and again, up to a limit
//! shop.timeline(&id).await;                          // what happened, as the API tells it
//!
//! world.bank.weather(json!({"mode": "down"})).await; // the bank breaks …
//! world.server.kill9().await;                        // … and so does the server
//! world.server.start().await;
//!
//! world.proves(&[&shop]).await;                      // every invariant, from the client's log, the API and the bank
//! world.ends(&[&shop]).await;                        // the same, then a clean stop, and `orderflow verify --bank` agrees
//! ```
//!
//! | word | is |
//! |---|---|
//! | [`World`] | one `Bank` and one [`Server`] that belong together |
//! | [`Setup`] | how a world is to be: settings, armed fault points, a bank that is a process |
//! | [`Shop`] | one store of the server, and the log of everything its shoppers did |
//! | [`Basket`] | what somebody orders |
//! | [`Listening`] | one client of a store's live events |
//! | `Api` | plain HTTP, for whatever the other words hide |
//! | `check` | the checker: shares no code with the product |
//!
//! Nothing sleeps and hopes: [`until`] looks until a condition holds, and fails with what it saw last. Whatever a story
//! starts, it ends, by handle.

mod bank;
mod basket;
mod check;
mod cli;
mod demo;
mod disk;
mod http;
mod log;
mod many;
mod process;
mod raw;
mod server;
mod shop;
mod shopper;
mod stream;
mod until;
mod world;

pub(crate) use bank::Bank;
pub(crate) use basket::{Basket, PRICE, basket};
pub(crate) use cli::{Finished, orderflow};
pub(crate) use demo::Demo;
pub(crate) use http::Answer;
pub(crate) use log::Verdict;
pub(crate) use many::{Dice, many};
pub(crate) use raw::raw;
pub(crate) use server::Server;
pub(crate) use shop::Shop;
pub(crate) use stream::{Listening, deaf, heard_in_the_end};
pub(crate) use until::{LIMIT, REST, holds, until};
pub(crate) use world::{Setup, World};
