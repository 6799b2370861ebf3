//! A generated world: as many people as asked for, the same ones for the same seed (their handles and
//! secrets apart, which are random as everybody's).
//!
//! Friendships are many and unequal, as on the platforms that this is about: degrees follow a
//! log-normal distribution with a mean of 338, and most friends come from a person's own
//! neighbourhood of four thousand (Chung and Lu's model, in blocks). A small world is scaled down.

use countersign_domain::schema::FieldSchema;
use countersign_domain::time::Timestamp;
use countersign_people::store::{People, Profile};
use countersign_service::people::beginning::Beginning;
use countersign_service::people::import::{Batch, ImportError, ImportOptions, ImportReport};
use countersign_service::people::links::Links;
use countersign_service::people::progress::Progress;

use super::invented::Inventor;
use super::random::Random;

/// The mean number of friends in a large world: what was measured on the platform in 2014.
pub const FRIENDS_MEAN: u64 = 338;

/// The most friends that a platform allows.
const FRIENDS_MAX: u64 = 5_000;
/// In a small world, a person knows at most so small a part of it on average.
const PEOPLE_PER_FRIEND: u64 = 8;
/// The spread of the logarithm of degrees: the hundredth friendliest person has about six times the mean.
const DEGREE_SIGMA: f64 = 1.0;
const NEIGHBOURHOOD_PEOPLE: usize = 4_000;
const NEAR_PERCENT: u64 = 70;
/// How many people are looked at to find how many draws hit the same pair twice, and how often.
const SURPLUS_SAMPLE: usize = 128;
const SURPLUS_ROUNDS: usize = 6;

/// What to generate.
#[derive(Clone, Copy, Debug)]
pub struct GenerateOptions<'a> {
    /// How many people.
    pub people: u32,
    /// The same seed makes the same world.
    pub seed: u64,
    /// The settings that people start with.
    pub beginning: Beginning,
    /// The schema in force.
    pub schema: &'a FieldSchema,
    /// When it is done.
    pub now: Timestamp,
    /// Where progress is shown.
    pub progress: Progress,
}

/// Generates people into a store.
///
/// # Errors
/// [`ImportError::FeedGenerated`], [`ImportError::Store`]; then nothing has changed.
pub fn run(people: &People, options: &GenerateOptions<'_>) -> Result<ImportReport, ImportError> {
    let GenerateOptions { schema, beginning, now, progress, .. } = *options;
    let import = ImportOptions { schema, beginning, sequence: None, now, progress };
    let importer = people.importer();
    let mut batch = Batch::begin(&importer, &import)?;
    let sequence = batch.import.sequence()?;
    if sequence > 0 {
        return Err(ImportError::FeedGenerated { sequence });
    }
    let numbers = invent_people(options, &mut batch)?;
    let (graph, mut random) = friendships(options);
    let bar = progress.step("inventing friendships", options.people.into());
    let mut links = Links::with_capacity(graph.draws_expected());
    for number in &numbers {
        links.imported(*number);
    }
    for person in 0..numbers.len() {
        graph.draw(person, &mut random, |friend| links.add(numbers[person], numbers[friend]));
        if person % 1_024 == 0 {
            bar.at(person as u64);
        }
    }
    drop((bar, graph, numbers));
    batch.links = links;
    batch.finish()
}

/// How many friends everybody has, and the draws that say whom.
pub(super) fn friendships(options: &GenerateOptions<'_>) -> (Graph, Random) {
    let graph = Graph::of(options.people, &mut Random::seeded(options.seed));
    (graph, Random::seeded(options.seed.wrapping_add(1)))
}

/// The people's numbers in the store, in the order of their invention.
fn invent_people(
    options: &GenerateOptions<'_>,
    batch: &mut Batch<'_>,
) -> Result<Vec<u32>, ImportError> {
    let bar = options.progress.step("inventing people", options.people.into());
    let inventor = Inventor::new(options.schema);
    let mut profile = Profile::default();
    let mut numbers = Vec::with_capacity(options.people as usize);
    for number in 1..=options.people {
        let is_minor = inventor.fill(options.seed, number.into(), &mut profile);
        numbers.push(batch.person(&account(number), &mut profile, is_minor)?);
        if number % 1_024 == 0 {
            bar.at(number.into());
        }
    }
    Ok(numbers)
}

/// The account of the person who was invented so many-th. They are of one length, so that they arrive
/// in the order in which they are stored.
pub(super) fn account(number: u32) -> String {
    format!("person-{number:08}")
}

/// How many friends everybody should have, summed up so that drawing is a search.
pub(super) struct Graph {
    /// The sum of the degrees of all before.
    sums: Vec<u64>,
    /// Draws that hit the same pair twice count once; so many times more are drawn.
    surplus: f64,
}

impl Graph {
    pub(super) fn of(people: u32, random: &mut Random) -> Self {
        let others = u64::from(people).saturating_sub(1);
        let mean = FRIENDS_MEAN.min(others / PEOPLE_PER_FRIEND).max(1) as f64;
        let max = FRIENDS_MAX.min(others / 2).max(1) as f64;
        // The mean of a log-normal distribution is exp(μ + σ²/2).
        let mu = mean.ln() - DEGREE_SIGMA * DEGREE_SIGMA / 2.0;
        let mut sum = 0;
        let mut sums = vec![0];
        for _ in 0..people {
            let degree = DEGREE_SIGMA.mul_add(random.normal(), mu).exp();
            sum += degree.round().clamp(1.0, max) as u64;
            sums.push(sum);
        }
        let mut graph = Self { sums, surplus: 1.0 };
        graph.set_surplus();
        graph
    }

    /// Finds the surplus with which people have as many different friends as they should, on a
    /// sample: a pair that is drawn λ times on average are friends with probability 1 - exp(-λ).
    fn set_surplus(&mut self) {
        let people = self.sums.len() - 1;
        let sample = || (0..people).step_by(people.div_ceil(SURPLUS_SAMPLE).max(1));
        let wanted: f64 = sample().map(|person| self.degrees(person..person + 1)).sum();
        for _ in 0..SURPLUS_ROUNDS {
            let found: f64 = sample().map(|person| self.different_friends(person)).sum();
            if found > 0.0 {
                self.surplus *= wanted / found;
            }
        }
    }

    /// How many different friends a person gets on average. Far away, pairs hardly ever repeat.
    fn different_friends(&self, person: usize) -> f64 {
        let near = self.neighbourhood(person);
        let everybody = self.degrees(0..self.sums.len() - 1);
        let near_share = NEAR_PERCENT as f64 / 100.0;
        let far_rate = (1.0 - near_share) / everybody;
        let near_rate = near_share / self.degrees(near.clone()) + far_rate;
        let draws = self.surplus * self.degrees(person..person + 1);
        let others = near.clone().filter(|other| *other != person);
        let friends = others
            .map(|other| -(-draws * near_rate * self.degrees(other..other + 1)).exp_m1())
            .sum::<f64>();
        friends + draws * far_rate * (everybody - self.degrees(near))
    }

    /// The sum of the degrees of a range.
    fn degrees(&self, range: std::ops::Range<usize>) -> f64 {
        (self.sums[range.end] - self.sums[range.start]) as f64
    }

    fn neighbourhood(&self, person: usize) -> std::ops::Range<usize> {
        let from = person - person % NEIGHBOURHOOD_PEOPLE;
        from..(from + NEIGHBOURHOOD_PEOPLE).min(self.sums.len() - 1)
    }

    fn draws_expected(&self) -> usize {
        let sum = self.sums.last().copied().unwrap_or(0);
        (sum as f64 * self.surplus / 2.0) as usize + self.sums.len()
    }

    /// Draws half of a person's friends; the other half is drawn by those who draw them.
    pub(super) fn draw(&self, person: usize, random: &mut Random, mut friend: impl FnMut(usize)) {
        let people = self.sums.len() - 1;
        let near = self.neighbourhood(person);
        // Rounded up or down by chance, so that nothing is lost on average.
        let draws = self.degrees(person..person + 1) * self.surplus / 2.0 + random.unit();
        let draws = draws as u64;
        for _ in 0..draws {
            let range = if random.percent(NEAR_PERCENT) { near.clone() } else { 0..people };
            let drawn = self.pick(range, random);
            if drawn != person {
                friend(drawn);
            }
        }
    }

    /// Somebody of a range, each as likely as their degree says.
    fn pick(&self, range: std::ops::Range<usize>, random: &mut Random) -> usize {
        let (low, high) = (self.sums[range.start], self.sums[range.end]);
        let at = low + random.below(high - low);
        range.start + self.sums[range.start + 1..range.end].partition_point(|sum| *sum <= at)
    }
}
