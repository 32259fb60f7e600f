using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Pipeline.Integration.Tests.Outages;

/// <summary>
/// The way to a server, which a test can close and open: while it is closed, open connections break and new ones end at once. Or it hangs:
/// connections are taken, and what is sent over them vanishes.
/// </summary>
internal sealed class ServerGate : IAsyncDisposable
{
    /// <summary>Within it a client of the broker names its connection.</summary>
    private const int GreetingBytes = 8192;

    private readonly string _host;
    private readonly int _port;
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly ConcurrentDictionary<Link, bool> _open = [];
    private readonly Task _accepting;
    private volatile bool _closed;
    private volatile string? _hanging;
    private int _turnedAway;

    public ServerGate(string host, int port)
    {
        _host = host;
        _port = port;
        _listener.Start();
        Port = ((IPEndPoint)_listener.LocalEndpoint).Port;
        _accepting = AcceptAsync();
    }

    public int Port { get; }

    /// <summary>Connections that were tried while it was closed.</summary>
    public int TurnedAway => _turnedAway;

    public void Close()
    {
        _closed = true;
        foreach (var link in _open.Keys)
        {
            link.Close();
        }
    }

    /// <summary>From now on connections hang, those that are open and new ones.</summary>
    /// <param name="naming">Only those whose client says this of itself in the beginning; empty for all.</param>
    public void Hang(string naming = "") => _hanging = naming;

    /// <summary>What hung until now is cut, as a keep-alive does at last.</summary>
    public void Open()
    {
        var hung = _open.Keys.Where(Hangs).ToList();
        (_hanging, _closed) = (null, false);
        hung.ForEach(x => x.Close());
    }

    public async ValueTask DisposeAsync()
    {
        Close();
        _listener.Stop();
        await _accepting;
    }

    private bool Hangs(Link link) => _hanging is { } naming && link.Greeting.Contains(naming, StringComparison.Ordinal);

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                var client = await _listener.AcceptTcpClientAsync();
                if (_closed)
                {
                    Interlocked.Increment(ref _turnedAway);
                    client.Close();
                    continue;
                }

                var link = new Link(client, new TcpClient());
                _open[link] = true;
                await link.Server.ConnectAsync(_host, _port);
                _ = PumpAsync(link, link.Client, link.Server);
                _ = PumpAsync(link, link.Server, link.Client);
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException or InvalidOperationException)
        {
            // Closed.
        }
    }

    private async Task PumpAsync(Link link, TcpClient from, TcpClient to)
    {
        var buffer = new byte[64 * 1024];
        try
        {
            while (await from.GetStream().ReadAsync(buffer) is > 0 and var read)
            {
                if (from == link.Client && link.Greeting.Length < GreetingBytes)
                {
                    link.Greeting += Encoding.Latin1.GetString(buffer, 0, read);
                }

                if (!Hangs(link))
                {
                    await to.GetStream().WriteAsync(buffer.AsMemory(0, read));
                }
            }
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException or InvalidOperationException)
        {
            // Closed.
        }

        link.Close();
        _open.TryRemove(link, out _);
    }

    private sealed class Link(TcpClient client, TcpClient server)
    {
        public TcpClient Client { get; } = client;

        public TcpClient Server { get; } = server;

        public string Greeting { get; set; } = "";

        public void Close()
        {
            Client.Close();
            Server.Close();
        }
    }
}
