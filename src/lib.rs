//! bomvet resolves everything that a project pulls in into one dependency graph, checks every
//! node, and writes a signed CycloneDX BoM with a verdict, and its reasons, for every package.
//!
//! Data flows down this list and never up; a stage imports only [`model`], the services
//! ([`store`], [`rules`], [`weights`], [`prose`], [`shell`], [`merkle`], [`sigstore`], [`ledger`]) and the
//! stages above it:
//!
//! [`discover`] → [`resolve`] → [`graph`] → [`acquire`] → [`check`] → [`review`] →
//! [`policy`] → [`attest`] and [`report`]. [`audit`] alone knows the order.

pub mod acquire;
pub mod attest;
pub mod audit;
pub mod check;
pub mod cli;
pub mod compare;
pub mod discover;
pub mod eval;
pub mod graph;
pub mod guard;
pub mod json;
pub mod ledger;
pub mod mcp;
pub mod merkle;
pub mod model;
pub mod origin;
pub mod policy;
pub mod prose;
pub mod report;
pub mod resolve;
pub mod review;
pub mod rules;
pub mod shell;
pub mod sigstore;
pub mod store;
pub mod vet;
pub mod weights;
pub mod yaml;
