using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace Pipeline.Integration.Tests.Outages;

/// <summary>The way to a server, which a test can close and open: while it is closed, open connections break and new ones end at once.</summary>
internal sealed class DatabaseGate : IAsyncDisposable
{
    private readonly string _host;
    private readonly int _port;
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly ConcurrentBag<TcpClient> _open = [];
    private readonly Task _accepting;
    private volatile bool _closed;
    private int _turnedAway;

    public DatabaseGate(string host, int port)
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
        foreach (var client in _open)
        {
            client.Close();
        }
    }

    public void Open() => _closed = false;

    public async ValueTask DisposeAsync()
    {
        Close();
        _listener.Stop();
        await _accepting;
    }

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

                var server = new TcpClient();
                _open.Add(client);
                _open.Add(server);
                await server.ConnectAsync(_host, _port);
                _ = PumpAsync(client, server);
                _ = PumpAsync(server, client);
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException or InvalidOperationException)
        {
            // Closed.
        }
    }

    private static async Task PumpAsync(TcpClient from, TcpClient to)
    {
        try
        {
            await from.GetStream().CopyToAsync(to.GetStream());
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException or InvalidOperationException)
        {
            // Closed.
        }

        to.Close();
    }
}
