//! What is published: which figures may be told, and the editions that tell them.

pub mod disclosure;
pub mod editions;
pub mod sound;
mod tables;
