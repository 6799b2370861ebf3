//! The integration tests of the server, one binary. A file tests what its name says.
#![allow(
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "what fails in a test's helper fails the test"
)]

mod acts;
mod agreement_commands;
mod api_reference;
mod batch;
mod batch_of_slow_source;
mod budgets;
mod checked;
mod client_secrets;
mod client_tokens;
mod clock_jumps;
mod commands;
mod crash;
mod crash_import;
mod decide;
mod decide_in_front;
mod decision_matrix;
mod demo;
mod error_envelopes;
mod explain;
mod foreign;
mod friends_of_friends;
mod full_disk;
mod grants;
mod ids;
mod interop_facebook_nodejs_business_sdk;
mod interop_facebook_sdk;
mod interop_fbgraph;
mod interop_odrl;
mod interop_openapi;
mod interop_postgres_check;
mod interop_postgres_conformance;
mod interop_postgres_faults;
mod interop_postgres_ldbc;
mod interop_postgres_tls;
mod interop_pyfacebook;
mod newcomers;
mod one_directory;
mod openapi;
mod operations;
mod own_tokens;
mod paging;
mod partners;
mod people_feed;
mod people_generate;
mod people_import;
mod people_schema;
mod people_store;
mod people_support;
mod platform_api;
mod postgres_support;
mod register_page;
mod request_forms;
mod rules;
mod scenario_2018;
mod screening;
mod scripted_api;
mod settings;
mod settings_changes;
mod slow_clients;
mod source_conformance;
mod source_http;
mod source_http_limits;
mod source_http_served;
mod source_mapping;
mod source_opened;
mod source_people;
mod summary;
mod support;
mod suspension;
mod tls;
mod unauthorised;
mod versions;
mod village;
mod waits;
mod webdriver;
mod whose_id;
