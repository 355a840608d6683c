//! Flows through the program over a small world: keys in, effects, queries and screen text out.

mod artifacts;
mod browse;
mod click;
mod decide;
mod diff;
mod files;
mod find;
mod frames;
mod inbox;
mod jobs;
mod keys;
mod lineage;
mod own;
mod places;
mod promote;
mod refresh;
mod requests;
mod trend;
mod views;
mod waiting;
mod zone;
