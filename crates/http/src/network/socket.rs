//! The socket that a server listens on, of TCP or a file, and the connections that come to it.

use std::fs::{self, Permissions};
use std::io::{self, ErrorKind};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::os::unix::fs::{FileTypeExt as _, PermissionsExt as _};
use std::os::unix::net::UnixStream as BlockingUnixStream;
use std::path::{Path, PathBuf};

use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};

use super::listen::Listen;

/// Who may connect to a socket file: its owner and its group.
const FILE_MODE: u32 = 0o660;

/// A socket that listens.
pub enum Socket {
    /// Of TCP.
    Tcp(TcpListener),
    /// A file.
    Unix(UnixListener, SocketFile),
}

/// A socket file, which is gone once nobody listens.
pub struct SocketFile(PathBuf);

/// A connection that was taken.
pub enum Stream {
    /// Over TCP.
    Tcp(TcpStream),
    /// Through a file.
    Unix(UnixStream),
}

/// The other end of a connection.
#[derive(Clone, Copy, Debug)]
pub struct Peer {
    /// Its address; that of this machine where it came through a file.
    pub address: SocketAddr,
    /// Whether it is a program on this machine.
    pub is_of_this_machine: bool,
}

impl Socket {
    /// Listens.
    ///
    /// # Errors
    /// What the system says, with the address and what to do.
    pub async fn bind(listen: &Listen) -> io::Result<Self> {
        let bound = match listen {
            Listen::Tcp(address) => TcpListener::bind(address).await.map(Self::Tcp),
            Listen::Unix(path) => bind_file(path),
        };
        bound.map_err(|error| not_bound(listen, &error))
    }

    /// Where it listens: with the port that the system chose, if it was to choose one.
    ///
    /// # Errors
    /// What the system says.
    pub fn listen(&self) -> io::Result<Listen> {
        match self {
            Self::Tcp(listener) => listener.local_addr().map(Listen::Tcp),
            Self::Unix(_, file) => Ok(Listen::Unix(file.0.clone())),
        }
    }

    /// The next connection.
    ///
    /// # Errors
    /// What the system says.
    pub async fn accept(&self) -> io::Result<(Stream, Peer)> {
        match self {
            Self::Tcp(listener) => {
                let (stream, address) = listener.accept().await?;
                let (bound, peer) = (listener.local_addr()?.ip(), address.ip());
                let is_of_this_machine = is_of_this_machine(bound, peer);
                Ok((Stream::Tcp(stream), Peer { address, is_of_this_machine }))
            }
            Self::Unix(listener, _) => {
                let (stream, _) = listener.accept().await?;
                let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
                Ok((Stream::Unix(stream), Peer { address, is_of_this_machine: true }))
            }
        }
    }
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        // The next one to listen there takes away what is left.
        let _ = fs::remove_file(&self.0);
    }
}

/// Whether the other end of a connection is on this machine: at a loopback address, or at the one address that is
/// listened at. Where all are, what forwards ports into a container may come from the container's own address.
fn is_of_this_machine(bound: IpAddr, peer: IpAddr) -> bool {
    let (bound, peer) = (bound.to_canonical(), peer.to_canonical());
    peer.is_loopback() || (peer == bound && !bound.is_unspecified())
}

/// Makes a socket file, in the place of one at which nobody listens any more.
fn bind_file(path: &Path) -> io::Result<Socket> {
    let is_socket = fs::symlink_metadata(path).is_ok_and(|found| found.file_type().is_socket());
    if is_socket {
        match BlockingUnixStream::connect(path) {
            Err(error) if error.kind() == ErrorKind::ConnectionRefused => fs::remove_file(path)?,
            Err(error) => return Err(error),
            Ok(_) => return Err(ErrorKind::AddrInUse.into()),
        }
    }
    let listener = UnixListener::bind(path)?;
    let file = SocketFile(path.to_owned());
    fs::set_permissions(path, Permissions::from_mode(FILE_MODE))?;
    Ok(Socket::Unix(listener, file))
}

/// An address at which nothing can listen, with the address.
#[must_use]
pub fn not_bound(listen: &Listen, error: &io::Error) -> io::Error {
    let next = match (error.kind(), listen) {
        (ErrorKind::AddrInUse, _) => {
            "; stop the program that listens there, or choose another address"
        }
        (ErrorKind::AddrNotAvailable, _) => "; choose an address of this machine",
        (ErrorKind::PermissionDenied, Listen::Tcp(_)) => {
            "; choose a port above 1023, or give the program the right to it"
        }
        (ErrorKind::PermissionDenied, Listen::Unix(_)) => {
            "; choose a folder in which this user may make files"
        }
        (ErrorKind::NotFound, Listen::Unix(_)) => "; make its folder first",
        _ => "",
    };
    io::Error::new(error.kind(), format!("cannot listen on {listen}: {error}{next}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_is_at_loopback_or_at_the_one_address_that_is_listened_at() {
        for (bound, peer, expected) in [
            ("0.0.0.0", "127.0.0.1", true),
            ("::", "::ffff:127.0.0.1", true),
            ("10.0.0.5", "10.0.0.5", true),
            ("10.0.0.5", "10.0.0.6", false),
            ("0.0.0.0", "10.0.0.5", false),
        ] {
            let found = is_of_this_machine(bound.parse().unwrap(), peer.parse().unwrap());
            assert_eq!(found, expected, "{peer} at {bound}");
        }
    }

    #[tokio::test]
    async fn a_socket_file_is_taken_over_when_nobody_listens_and_never_from_somebody_who_does() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("http.sock");
        let listen = Listen::Unix(path.clone());
        // What a program leaves that was killed.
        drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
        let socket = Socket::bind(&listen).await.unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, FILE_MODE);
        let error = Socket::bind(&listen).await.err().unwrap().to_string();
        assert!(error.contains("http.sock") && error.contains("stop the program"), "{error}");
        drop(socket);
        assert!(!path.exists());
        // A file that is no socket is somebody's.
        fs::write(&path, "x").unwrap();
        assert!(Socket::bind(&listen).await.is_err());
        assert_eq!(fs::read_to_string(&path).unwrap(), "x");
    }
}
