//! The reverse proxy on real sockets: the whole list of behaviours, and what is about connections alone.

mod conformance_list;
mod support;
