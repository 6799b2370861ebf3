//! Grants as they are stored.

use countersign_domain::field::FieldSet;
use countersign_domain::grant::Grant;
use countersign_domain::identifier::Identifier;
use countersign_domain::person::Handle;
use countersign_domain::time::Timestamp;

use super::error::StoreError;

const GRANT_VERSION: u8 = 1;

/// A grant's random 128-bit name, which access tokens carry.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct GrantId(pub [u8; 16]);

impl GrantId {
    /// A new one.
    ///
    /// # Errors
    /// [`StoreError::Random`] when the system gives no random numbers.
    pub fn random() -> Result<Self, StoreError> {
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes).map_err(StoreError::Random)?;
        Ok(Self(bytes))
    }
}

impl std::fmt::Debug for GrantId {
    /// Says nothing: it names what one person agreed to.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("GrantId(…)")
    }
}

/// A grant, with whom it came from and when.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct GrantRecord {
    /// The person who gave it.
    pub viewer: Handle,
    /// What they gave.
    pub grant: Grant,
    /// The build that asked for it, where it is bound to one.
    pub build: Option<Identifier>,
    /// When they gave it.
    pub created: Timestamp,
}

impl GrantRecord {
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = vec![GRANT_VERSION];
        bytes.extend_from_slice(&self.viewer.0);
        bytes.extend_from_slice(&self.grant.viewer.bits().to_le_bytes());
        bytes.extend_from_slice(&self.grant.friend.bits().to_le_bytes());
        bytes.extend_from_slice(&self.grant.until.seconds().to_le_bytes());
        bytes.extend_from_slice(&self.created.seconds().to_le_bytes());
        let build = self.build.as_ref().map_or("", Identifier::as_str);
        for name in [self.grant.client.as_str(), self.grant.purpose.as_str(), build] {
            // An identifier has at most 64 bytes.
            bytes.push(name.len() as u8);
            bytes.extend_from_slice(name.as_bytes());
        }
        bytes
    }

    /// `None` for bytes that this version did not write.
    pub(super) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let mut rest = bytes.strip_prefix(&[GRANT_VERSION])?;
        let viewer = Handle(*take(&mut rest)?);
        let viewer_fields = u128::from_le_bytes(*take(&mut rest)?);
        let friend_fields = u128::from_le_bytes(*take(&mut rest)?);
        let until = u64::from_le_bytes(*take(&mut rest)?);
        let created = u64::from_le_bytes(*take(&mut rest)?);
        let client = Identifier::parse(take_name(&mut rest)?).ok()?;
        let purpose = Identifier::parse(take_name(&mut rest)?).ok()?;
        let build = match take_name(&mut rest)? {
            "" => None,
            name => Some(Identifier::parse(name).ok()?),
        };
        let grant = Grant {
            client,
            purpose,
            viewer: FieldSet::from_bits(viewer_fields),
            friend: FieldSet::from_bits(friend_fields),
            until: Timestamp::from_seconds(until),
        };
        let record = Self { viewer, grant, build, created: Timestamp::from_seconds(created) };
        rest.is_empty().then_some(record)
    }
}

pub(super) fn take<'a, const N: usize>(rest: &mut &'a [u8]) -> Option<&'a [u8; N]> {
    let (taken, left) = rest.split_first_chunk()?;
    *rest = left;
    Some(taken)
}

pub(super) fn take_name<'a>(rest: &mut &'a [u8]) -> Option<&'a str> {
    let [length] = *take(rest)?;
    let (name, left) = rest.split_at_checked(usize::from(length))?;
    *rest = left;
    std::str::from_utf8(name).ok()
}
