using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace Pipeline.Chaos.Tests;

/// <summary>
/// Stands between one service process and one server and behaves as networks do: slow, cut, half-open (what is sent vanishes, and nobody
/// is told), not accepting. New connections after a half-open period pass, as they do when a firewall has forgotten the old ones.
/// </summary>
internal sealed class FaultProxy : IAsyncDisposable
{
    private readonly int _target;
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentDictionary<Link, Task> _links = new();
    private readonly Lock _lock = new();
    private TcpListener _listener;
    private Task _accepting;

    public FaultProxy(int target)
    {
        _target = target;
        _listener = new TcpListener(IPAddress.Loopback, 0);
        _listener.Start();
        Port = ((IPEndPoint)_listener.LocalEndpoint).Port;
        _accepting = AcceptAsync(_listener);
    }

    public int Port { get; }

    /// <summary>Added to every chunk of bytes, in each direction.</summary>
    public TimeSpan Latency { get; set; }

    /// <summary>Cuts every connection with a reset.</summary>
    public void Reset()
    {
        foreach (var link in _links.Keys)
        {
            link.Reset();
        }
    }

    /// <summary>From now on the connections that exist swallow what is sent, in both directions.</summary>
    public void HalfOpen()
    {
        foreach (var link in _links.Keys)
        {
            link.Swallows = true;
        }
    }

    /// <summary>Ends what <see cref="HalfOpen"/> began, as a keep-alive does at last: the dead connections are cut.</summary>
    public void EndHalfOpen()
    {
        foreach (var link in _links.Keys.Where(x => x.Swallows))
        {
            link.Reset();
        }
    }

    /// <summary>Refuses new connections; those that exist stay.</summary>
    public void StopAccepting()
    {
        lock (_lock)
        {
            _listener.Stop();
        }
    }

    public void AcceptAgain()
    {
        lock (_lock)
        {
            if (_stop.IsCancellationRequested || _listener.Server.IsBound)
            {
                return;
            }

            _listener = new TcpListener(IPAddress.Loopback, Port);
            _listener.Start();
            _accepting = AcceptAsync(_listener);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        StopAccepting();
        Reset();
        await _accepting;
        await Task.WhenAll(_links.Values);
        _stop.Dispose();
    }

    private async Task AcceptAsync(TcpListener listener)
    {
        while (true)
        {
            Socket client;
            try
            {
                client = await listener.AcceptSocketAsync(_stop.Token);
            }
            catch (Exception e) when (e is SocketException or OperationCanceledException or ObjectDisposedException or InvalidOperationException)
            {
                return;
            }

            var link = new Link(client);
            _links[link] = Task.CompletedTask;
            _ = _links.TryUpdate(link, ServeAsync(link), Task.CompletedTask);
        }
    }

    private async Task ServeAsync(Link link)
    {
        try
        {
            await link.Server.ConnectAsync(IPAddress.Loopback, _target, _stop.Token);
            await Task.WhenAny(PumpAsync(link, link.Client, link.Server), PumpAsync(link, link.Server, link.Client));
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException or ObjectDisposedException)
        {
            // The server is not there: the client hears it below.
        }
        finally
        {
            link.Reset();
            _links.TryRemove(link, out _);
        }
    }

    private async Task PumpAsync(Link link, Socket from, Socket to)
    {
        var buffer = new byte[64 * 1024];
        try
        {
            while (true)
            {
                var read = await from.ReceiveAsync(buffer, _stop.Token);
                if (link.Swallows)
                {
                    if (read == 0)
                    {
                        // Not even the good-bye gets through: the other side learns of it only when the connection is cut.
                        await link.Cut;
                        return;
                    }

                    continue;
                }

                if (read == 0)
                {
                    return;
                }

                if (Latency > TimeSpan.Zero)
                {
                    // The latency itself, not a wait for something to happen.
                    await Task.Delay(Latency, _stop.Token);
                }

                for (var sent = 0; sent < read;)
                {
                    sent += await to.SendAsync(buffer.AsMemory(sent, read - sent), _stop.Token);
                }
            }
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException or ObjectDisposedException)
        {
            // Cut, by us or by one of the ends.
        }
    }

    private sealed class Link(Socket client)
    {
        private readonly TaskCompletionSource _cut = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private volatile bool _swallows;

        public Socket Client { get; } = client;

        public Socket Server { get; } = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };

        public Task Cut => _cut.Task;

        public bool Swallows { get => _swallows; set => _swallows = value; }

        public void Reset()
        {
            _cut.TrySetResult();
            foreach (var socket in new[] { Client, Server })
            {
                try
                {
                    // Closing with a linger of zero sends RST, not FIN.
                    socket.LingerState = new LingerOption(true, 0);
                }
                catch (Exception e) when (e is SocketException or ObjectDisposedException)
                {
                    // Closed already.
                }

                socket.Dispose();
            }
        }
    }
}
