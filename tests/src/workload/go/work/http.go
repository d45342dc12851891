package work

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
)

// Serve serves HTTP by net/http.
func Serve(peer Peer, listener net.Listener, handler http.Handler) error {
	server := http.Server{Handler: handler}
	if peer.Kind == "http" {
		return server.Serve(listener)
	}
	if peer.Kind == "https" {
		// Without HTTP/2.
		server.TLSNextProto = map[string]func(*http.Server, *tls.Conn, http.Handler){}
	}
	return server.ServeTLS(listener, peer.Certificate, peer.Key)
}

// Handler answers a request when that is done which it asks for.
func Handler(do Get) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if err := do(r.URL.Path); err != nil {
			http.Error(w, err.Error(), 502)
			return
		}
		fmt.Fprintln(w, r.URL.Path)
	}
}

// Client asks by net/http.
func Client(peer Peer) Get {
	client := http.Client{Transport: Transport(peer)}
	return func(path string) error {
		response, err := client.Get(URL(peer) + path)
		if err != nil {
			return err
		}
		defer response.Body.Close()
		if _, err := io.Copy(io.Discard, response.Body); err != nil {
			return err
		}
		if response.StatusCode != 200 || (response.ProtoMajor == 2) != (peer.Kind == "h2") {
			return fmt.Errorf("%s %s", response.Proto, response.Status)
		}
		return nil
	}
}

// Transport is that of such a client.
func Transport(peer Peer) *http.Transport {
	transport := &http.Transport{MaxConnsPerHost: peer.Connections, MaxIdleConnsPerHost: 100}
	if peer.Kind != "http" {
		transport.TLSClientConfig = &tls.Config{RootCAs: Roots(peer.Certificate)}
		transport.ForceAttemptHTTP2 = peer.Kind == "h2"
	}
	return transport
}

// Roots has just this certificate.
func Roots(certificate string) *x509.CertPool {
	text, err := os.ReadFile(certificate)
	Check(err)
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(text)
	return roots
}

// URL is where a server is, without a path.
func URL(peer Peer) string {
	if peer.Kind == "http" {
		return "http://" + peer.Address
	}
	return "https://" + peer.Address
}
