//! When a cron line of five fields comes next, in UTC.
//! It must not know what happens then.

use jiff::civil::Date;
use jiff::{Span, Timestamp, tz::TimeZone};

/// Longest search: the 29th of February can be eight years away.
const MAX_DAYS: usize = 366 * 8 + 1;

/// A cron line: minutes, hours, days of the month, months, days of the week.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cron {
    minutes: Vec<i8>,
    hours: Vec<i8>,
    days: Vec<i8>,
    months: Vec<i8>,
    weekdays: Vec<i8>,
    any_day: bool,
    any_weekday: bool,
}

impl Cron {
    /// Returns the cron line of a text; `None` if it is none or uses words or signs beyond `*`, `,`, `-` and `/`.
    pub fn parse(text: &str) -> Option<Cron> {
        let fields: Vec<&str> = text.split_whitespace().collect();
        let [minutes, hours, days, months, weekdays] = fields.as_slice() else { return None };
        // Both 0 and 7 are Sunday.
        let weekday_numbers = numbers(weekdays, (0, 7))?.into_iter().map(|number| number % 7);
        Some(Cron {
            minutes: numbers(minutes, (0, 59))?,
            hours: numbers(hours, (0, 23))?,
            days: numbers(days, (1, 31))?,
            months: numbers(months, (1, 12))?,
            weekdays: weekday_numbers.collect(),
            any_day: days.starts_with('*'),
            any_weekday: weekdays.starts_with('*'),
        })
    }

    /// Returns the next time after a moment; `None` if there is none within eight years.
    pub fn next(&self, after: Timestamp) -> Option<Timestamp> {
        let first = after.to_zoned(TimeZone::UTC).date();
        let mut date = first;
        for _ in 0..MAX_DAYS {
            if self.is_on(date) {
                let times = self.hours.iter().flat_map(|hour| self.minutes.iter().map(move |minute| (*hour, *minute)));
                let moments = times.filter_map(|(hour, minute)| {
                    let at = date.at(hour, minute, 0, 0).to_zoned(TimeZone::UTC).ok()?;
                    Some(at.timestamp()).filter(|at| *at > after)
                });
                if let Some(next) = moments.min() {
                    return Some(next);
                }
            }
            date = date.checked_add(Span::new().days(1)).ok()?;
        }
        None
    }

    /// Where both kinds of days are named, either is enough, as cron has it.
    fn is_on(&self, date: Date) -> bool {
        let day = self.days.contains(&date.day());
        let weekday = self.weekdays.contains(&date.weekday().to_sunday_zero_offset());
        let fits = match (self.any_day, self.any_weekday) {
            (false, false) => day || weekday,
            _ => day && weekday,
        };
        fits && self.months.contains(&date.month())
    }
}

/// Returns the numbers a field names within its bounds.
fn numbers(field: &str, (least, most): (i8, i8)) -> Option<Vec<i8>> {
    let mut numbers = Vec::new();
    for part in field.split(',') {
        let (range, step) = match part.split_once('/') {
            Some((range, step)) => (range, step.parse::<usize>().ok().filter(|step| *step > 0)?),
            None => (part, 1),
        };
        let within = |text: &str| text.parse::<i8>().ok().filter(|number| (least..=most).contains(number));
        let (from, to) = match range.split_once('-') {
            _ if range == "*" => (least, most),
            Some((from, to)) => (within(from)?, within(to)?),
            None if part.contains('/') => (within(range)?, most),
            None => (within(range)?, within(range)?),
        };
        numbers.extend((from..=to).step_by(step));
    }
    Some(numbers).filter(|numbers| !numbers.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_time_is_the_first_that_fits_after_the_moment() {
        let cases = [
            ("0 20 * * *", Some("2026-01-14T20:00:00Z")),
            ("30 12 * * *", Some("2026-01-15T12:30:00Z")),
            ("*/20 13 * * *", Some("2026-01-14T13:00:00Z")),
            ("31,45 12 * * *", Some("2026-01-14T12:31:00Z")),
            ("0 8 * * 1-5", Some("2026-01-15T08:00:00Z")),
            ("0 8 * * 7", Some("2026-01-18T08:00:00Z")),
            ("0 8 1 * *", Some("2026-02-01T08:00:00Z")),
            ("0 8 20 * 6", Some("2026-01-17T08:00:00Z")),
            ("0 0 29 2 *", Some("2028-02-29T00:00:00Z")),
            ("5/10 0 * 12 *", Some("2026-12-01T00:05:00Z")),
            ("0 0 31 2 *", None),
            ("0 8 * * MON", None),
            ("0 24 * * *", None),
            ("0 8 * *", None),
            ("0/0 8 * * *", None),
        ];
        // A Wednesday.
        let now = "2026-01-14T12:30:00Z".parse().unwrap();
        for (text, next) in cases {
            let found = Cron::parse(text).and_then(|cron| cron.next(now)).map(|at| at.to_string());
            assert_eq!(found.as_deref(), next, "{text}");
        }
    }
}
