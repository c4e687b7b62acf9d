//! How often something may be tried: a bucket for each address, each account and each company.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use super::ClientAddress;
use crate::ledgerline::Ledgerline;
use crate::operator_events::Code;
use crate::tenants::Tenant;
use crate::{accounts, token};

/// The buckets of one process. Machines that share a database have their own each: a bucket protects a process before it
/// protects an account, and a stranger's try costs the database no write; that a bucket is empty is written once. So many
/// machines grant so many times the tries.
pub(crate) struct Throttles {
    /// Wrong passwords from one address: 20, and one more every 3 seconds.
    pub(super) addresses: Throttle,
    /// Wrong passwords for one account at one [`Door`]: 10, and one more every minute.
    accounts: Throttle,
    /// Wrong passwords at one door, wherever they come from: 1,000, and 20 more every second. A company of thousands mistypes
    /// fewer on a Monday morning; a crowd of addresses that goes through its accounts ends there.
    doors: Throttle,
    /// Attempts to sign in with Okta that begin at one address: 100, for an office comes in at the same hour, and
    /// one more every second.
    starts: Throttle,
    /// Those of one company that nobody brings to a good end, wherever they come from: 1,000, and 20 more every second. Each
    /// is kept for ten minutes, in a storage that companies share: of one company and one process 13,000 at most.
    starts_of_company: Throttle,
    /// Returns from Okta that come to nothing, from one address: as many as starts.
    pub(super) returns: Throttle,
}

impl Default for Throttles {
    fn default() -> Self {
        Self {
            addresses: Throttle::new(20, 3 * SECOND),
            accounts: Throttle::new(10, 60 * SECOND),
            doors: Throttle::new(1_000, SECOND / 20),
            starts: Throttle::new(100, SECOND),
            starts_of_company: Throttle::new(1_000, SECOND / 20),
            returns: Throttle::new(100, SECOND),
        }
    }
}

impl Throttles {
    /// Takes one attempt with Okta that a company's name is given for, whether there is such a company or not.
    pub(super) fn take_start(&self, address: &str, company: &str, now: i64) -> Result<(), Spent> {
        self.starts.take(address, now)?;
        let taken = self.starts_of_company.take(company, now);
        taken.map_err(|spent| spent.of(&format!("company {company}")))
    }

    /// Gives an attempt back that ended well.
    pub(super) fn give_start_back(&self, company: &str) {
        self.starts_of_company.give_back(company);
    }

    /// Takes one try at a password, or says in how many seconds there will be one.
    pub(super) fn take_password(&self, guess: &Guess, now: i64) -> Result<(), Spent> {
        self.addresses.take(&guess.address, now)?;
        let account = self.accounts.take(&guess.account, now);
        account.map_err(|spent| spent.of(&guess.shown))?;
        let door = self.doors.take(&guess.door, now);
        door.map_err(|spent| spent.of(&guess.door))
    }

    /// Gives a try back whose password was right.
    pub(super) fn give_password_back(&self, guess: &Guess) {
        self.addresses.give_back(&guess.address);
        self.accounts.give_back(&guess.account);
        self.doors.give_back(&guess.door);
    }
}

/// Where a password is tried. What is guessed at one door locks nobody out at another.
///
/// By what was typed alone, and not by the accounts that are found for it: a bucket that only an account empties would
/// tell that there is one. Somebody's account is behind two doors so, that of their company and the common one.
pub(super) enum Door<'a> {
    /// The sign-in page of one company.
    Company(&'a Tenant),
    /// The common sign-in page: as many doors as e-mails have domains.
    Common,
    /// The console.
    Operators,
}

/// What one try at a password is counted by.
pub(super) struct Guess {
    address: String,
    door: String,
    account: String,
    /// The account, for the operators' eyes. What is no e-mail may be anything, a password in the wrong field included.
    shown: String,
}

impl Guess {
    pub(super) fn new(address: ClientAddress, door: &Door<'_>, name: &str) -> Self {
        let name = name.to_ascii_lowercase();
        // What is no address may be a password in the wrong field.
        let is_email = accounts::is_email(&name);
        let door = match door {
            Door::Company(tenant) => format!("company {}", tenant.id),
            Door::Common => match name.rsplit_once('@') {
                Some((_, domain)) if is_email => format!("the common page, {domain}"),
                _ => "the common page".to_owned(),
            },
            Door::Operators => "the console".to_owned(),
        };
        let shown = if is_email { &name } else { "one name" };
        Self {
            shown: format!("{shown} at {door}"),
            account: format!("{door} {name}"),
            address: address.key(),
            door,
        }
    }
}

/// Buckets are kept in milliseconds.
const SECOND: i64 = 1_000;

/// One bucket for each key: it holds `burst` tries and gains one in `every`.
pub(super) struct Throttle {
    burst: i64,
    every: i64,
    /// By the SHA-256 of its key, which may be whatever somebody typed. A full one is not kept.
    buckets: Mutex<HashMap<Vec<u8>, Bucket>>,
}

/// How long it takes to be full, as of a time.
#[derive(Clone, Copy)]
struct Bucket {
    missing: i64,
    at: i64,
    /// Somebody was turned away since it last held a try.
    told: bool,
}

/// No try is left.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Spent {
    /// Until there is one.
    pub(super) seconds: i64,
    /// Nobody was turned away before since there last was one: worth a line for the operators.
    pub(super) first: bool,
    /// Of whom, where that is not the address alone.
    pub(super) whose: String,
}

impl Spent {
    /// Tells the operators, once for each time that it is reached.
    pub(super) async fn tell(&self, ledgerline: &Ledgerline, code: Code, address: ClientAddress) {
        if self.first {
            ledgerline.note(code, &address.key(), "", &self.whose).await;
        }
    }

    pub(super) fn of(self, whose: &str) -> Self {
        Self {
            whose: whose.to_owned(),
            ..self
        }
    }
}

impl Bucket {
    /// The same at another time. A clock that was set back fills it no further, and empties it no further.
    fn seen(self, now: i64) -> Self {
        let gained = now.saturating_sub(self.at).max(0);
        Self {
            missing: self.missing.saturating_sub(gained).max(0),
            at: now,
            ..self
        }
    }
}

/// The most buckets that are kept; beyond them those that are fullest are forgotten.
const MOST: usize = 20_000;

impl Throttle {
    fn new(burst: i64, every: i64) -> Self {
        Self {
            burst,
            every,
            buckets: Mutex::new(HashMap::new()),
        }
    }

    /// Takes one try of `key` at this second.
    pub(super) fn take(&self, key: &str, now: i64) -> Result<(), Spent> {
        let (key, now) = (token::hash(key), now.saturating_mul(SECOND));
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        let full = Bucket {
            missing: 0,
            at: now,
            told: false,
        };
        let bucket = buckets.get(&key).map_or(full, |bucket| bucket.seen(now));
        let missing = bucket.missing + self.every;
        let wait = missing - self.burst * self.every;
        if wait > 0 {
            let told = Bucket {
                told: true,
                ..bucket
            };
            buckets.insert(key, told); // one that is not full is there already
            return Err(Spent {
                seconds: (wait + SECOND - 1) / SECOND,
                first: !bucket.told,
                whose: String::new(),
            });
        }
        if buckets.len() >= MOST {
            forget(&mut buckets, now);
        }
        let taken = Bucket { missing, ..full };
        buckets.insert(key, taken);
        Ok(())
    }

    /// Gives a try back that turned out to be a good one.
    pub(super) fn give_back(&self, key: &str) {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(bucket) = buckets.get_mut(&token::hash(key)) {
            bucket.missing -= self.every;
        }
    }
}

/// Those that are full, and where they are not enough, the fuller half.
fn forget(buckets: &mut HashMap<Vec<u8>, Bucket>, now: i64) {
    buckets.retain(|_, bucket| bucket.seen(now).missing > 0);
    if buckets.len() >= MOST {
        let mut missing: Vec<_> = buckets.values().map(|one| one.seen(now).missing).collect();
        let (_, middle, _) = missing.select_nth_unstable(MOST / 2);
        let middle = *middle;
        buckets.retain(|_, bucket| bucket.seen(now).missing > middle);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// In how many seconds there is a try again.
    fn wait(throttle: &Throttle, key: &str, now: i64) -> Option<i64> {
        throttle.take(key, now).err().map(|spent| spent.seconds)
    }

    #[test]
    fn a_bucket_empties_and_fills_by_the_clock() {
        let throttle = Throttle::new(3, 10 * SECOND);
        for _ in 0..3 {
            assert_eq!(wait(&throttle, "a", 100), None);
        }
        assert_eq!(wait(&throttle, "a", 100), Some(10));
        assert_eq!(wait(&throttle, "a", 109), Some(1));
        assert_eq!(wait(&throttle, "a", 110), None);
        assert_eq!(wait(&throttle, "a", 110), Some(10));
        assert_eq!(wait(&throttle, "b", 110), None, "each key has its own");
        throttle.give_back("a");
        assert_eq!(wait(&throttle, "a", 110), None);
    }

    /// F-40: nobody waits for the hour to pass again, and no guesser is given it as a present.
    #[test]
    fn f_40_a_clock_that_is_set_back_changes_no_bucket() {
        let throttle = Throttle::new(3, 10 * SECOND);
        throttle.take("a", 10_000).unwrap();
        for _ in 0..3 {
            throttle.take("guessing", 10_000).unwrap();
        }
        let back = 10_000 - 3_600;
        for _ in 0..2 {
            assert_eq!(wait(&throttle, "a", back), None);
        }
        assert_eq!(wait(&throttle, "a", back), Some(10));
        assert_eq!(wait(&throttle, "guessing", back), Some(10));
        assert_eq!(wait(&throttle, "guessing", back + 9), Some(1));
        assert_eq!(wait(&throttle, "guessing", back + 10), None);
        // And to the ends of time.
        for now in [i64::MIN, i64::MAX, 0] {
            let _ = throttle.take("guessing", now); // either way it is answered
        }
    }

    /// However often somebody knocks at it.
    #[test]
    fn an_empty_bucket_is_told_once() {
        let throttle = Throttle::new(1, 10 * SECOND);
        let told = |now| throttle.take("a", now).err().map(|spent| spent.first);
        assert_eq!(
            [100, 100, 101, 109].map(told),
            [None, Some(true), Some(false), Some(false)]
        );
        assert_eq!([110, 111, 112].map(told), [None, Some(true), Some(false)]);
    }

    #[test]
    fn many_a_second() {
        let throttle = Throttle::new(100, SECOND / 20);
        let taken = |now| {
            (0..1_000)
                .filter(|_| throttle.take("a", now).is_ok())
                .count()
        };
        assert_eq!(taken(100), 100);
        assert_eq!(wait(&throttle, "a", 100), Some(1));
        assert_eq!(taken(101), 20);
        assert_eq!(taken(103), 40);
        assert_eq!(taken(1_000), 100);
    }

    #[test]
    fn a_long_key_takes_no_more_room_than_a_short_one() {
        let throttle = Throttle::new(1, 10 * SECOND);
        for key in ["a".repeat(64 * 1024), "a".to_owned()] {
            throttle.take(&key, 100).unwrap();
            assert!(throttle.take(&key, 100).is_err());
        }
        let kept = throttle.buckets.lock().unwrap();
        assert_eq!(kept.keys().map(Vec::len).collect::<Vec<_>>(), [32, 32]);
    }

    #[test]
    fn a_flood_of_keys_is_bounded_and_frees_nobody_who_is_out_of_tries() {
        let throttle = Throttle::new(3, 10 * SECOND);
        for _ in 0..3 {
            throttle.take("guessing", 100).unwrap();
        }
        for key in 0..3 * MOST {
            throttle.take(&key.to_string(), 100).unwrap();
        }
        assert!(throttle.buckets.lock().unwrap().len() <= MOST);
        assert!(throttle.take("guessing", 100).is_err());
    }
}
