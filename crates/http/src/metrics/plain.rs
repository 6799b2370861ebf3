//! The text format 0.0.4 of Prometheus, made of OpenMetrics': a counter's description is about the name that ends in
//! `_total` there, and there are neither units nor an end.

/// The same metrics in the older format.
pub(super) fn of_open_metrics(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    // The name of the family comes with its help first, and its type stands below.
    let mut help = None;
    for line in text.lines() {
        let described = line.strip_prefix("# ").and_then(|rest| rest.split_once(' '));
        match described {
            Some(("HELP", rest)) => help = rest.split_once(' '),
            Some(("TYPE", rest)) => {
                let Some((name, kind)) = rest.split_once(' ') else { continue };
                let suffix = if kind == "counter" { "_total" } else { "" };
                let text = help.take().filter(|(of, _)| *of == name).map(|(_, text)| text);
                if let Some(text) = text {
                    plain.push_str(&format!("# HELP {name}{suffix} {text}\n"));
                }
                plain.push_str(&format!("# TYPE {name}{suffix} {kind}\n"));
            }
            _ if line.starts_with('#') => {}
            _ => {
                plain.push_str(line);
                plain.push('\n');
            }
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_counter_is_described_by_the_name_that_it_is_read_under() {
        let open = "# HELP x_seconds Time.\n# TYPE x_seconds counter\n# UNIT x_seconds seconds\nx_seconds_total 1.5\n\
            # HELP y Things.\n# TYPE y gauge\ny{a=\"# b\"} 2\n# EOF\n";
        let plain = "# HELP x_seconds_total Time.\n# TYPE x_seconds_total counter\nx_seconds_total 1.5\n\
            # HELP y Things.\n# TYPE y gauge\ny{a=\"# b\"} 2\n";
        assert_eq!(of_open_metrics(open), plain);
    }
}
