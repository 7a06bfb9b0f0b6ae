//! A server for tests that answers from a script and records what it was asked.
//! It knows no protocol beyond HTTP/1.1; the simulated platform is a crate of its own.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::model::url::SafeUrl;

/// What the server does with one request.
#[derive(Debug, Clone)]
pub enum Reply {
    /// Answers with a status, headers (each line ended) and a body.
    Answer(u16, &'static str, String),
    /// Reads the request and closes the connection.
    Cut,
    /// Reads the request and says nothing.
    Hang,
    /// Announces a longer body than it sends.
    Truncate,
}

/// A running script; it ends with the test's runtime.
pub struct Script {
    port: u16,
    requests: Arc<Mutex<Vec<Vec<u8>>>>,
}

impl Script {
    /// Starts a server that gives one reply per request, in order, and then refuses.
    pub async fn start(replies: Vec<Reply>) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&requests);
        tokio::spawn(async move {
            for reply in replies {
                let Ok((stream, _)) = listener.accept().await else { return };
                tokio::spawn(serve(stream, reply, Arc::clone(&seen)));
            }
        });
        Self { port, requests }
    }

    /// Returns a URL on this server.
    pub fn url(&self, path: &str) -> SafeUrl {
        SafeUrl::parse(&format!("http://127.0.0.1:{}{path}", self.port)).expect("a URL")
    }

    /// Returns all requests, heads and bodies, as text.
    pub fn requests(&self) -> Vec<String> {
        let requests = self.requests.lock().unwrap_or_else(PoisonError::into_inner);
        requests.iter().map(|request| String::from_utf8_lossy(request).into_owned()).collect()
    }
}

async fn serve(mut stream: TcpStream, reply: Reply, seen: Arc<Mutex<Vec<Vec<u8>>>>) {
    let mut request = Vec::new();
    let mut chunk = vec![0; 64 << 10];
    while !is_whole(&request) {
        match stream.read(&mut chunk).await {
            Ok(count) if count > 0 => request.extend_from_slice(&chunk[..count]),
            _ => return,
        }
    }
    seen.lock().unwrap_or_else(PoisonError::into_inner).push(request);
    let text = match reply {
        Reply::Answer(status, headers, body) => {
            format!("HTTP/1.1 {status} Status\r\n{headers}connection: close\r\ncontent-length: {}\r\n\r\n{body}", body.len())
        }
        Reply::Truncate => "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"half".to_owned(),
        Reply::Cut => return,
        Reply::Hang => {
            std::future::pending::<()>().await;
            return;
        }
    };
    let _ = stream.write_all(text.as_bytes()).await;
    let _ = stream.shutdown().await;
}

fn is_whole(request: &[u8]) -> bool {
    let Some(end) = request.windows(4).position(|window| window == b"\r\n\r\n") else { return false };
    let head = String::from_utf8_lossy(&request[..end]).to_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse::<usize>().ok());
    request.len() >= end + 4 + length.unwrap_or_default()
}
