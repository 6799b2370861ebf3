//! The programs that are shipped: one for each role of trust.

/// A program, and what belongs to it.
pub(crate) struct Program {
    /// Its name, that of its Debian package too.
    pub(crate) name: &'static str,
    /// The package of the workspace that it is built from.
    pub(crate) package: &'static str,
    /// How that is built.
    pub(crate) features: &'static [&'static str],
    /// The units of systemd that run it.
    pub(crate) units: &'static [&'static str],
    /// What it is, in a line.
    pub(crate) synopsis: &'static str,
    /// What it is, in a paragraph, in lines that Debian's tools do not break.
    pub(crate) description: &'static str,
}

/// Those that are shipped.
pub(crate) const PROGRAMS: [Program; 2] = [
    Program {
        name: "countersign",
        package: "countersign",
        // Without the demonstration, and with what that does without.
        features: &["--no-default-features", "--features", "traces"],
        units: &["countersign.service", "countersign-witness.service"],
        synopsis: "data-sharing gateway that logs every answer before it leaves",
        description: " Countersign sits between a platform's user data and the partners who\n receive that data. It decides about every field of every person in an\n answer, and writes a public log entry before the answer leaves.\n .\n A witness of other logs is in this package too.\n",
    },
    Program {
        name: "countersign-verify",
        package: "countersign-verifier",
        features: &[],
        units: &["countersign-monitor.service"],
        synopsis: "checks the log of a Countersign gateway, and what it signed",
        description: " For partners, auditors, monitors and people: checks a log, receipts,\n ledgers and evidence of a Countersign gateway with the log's public files\n and its key alone.\n",
    },
];
