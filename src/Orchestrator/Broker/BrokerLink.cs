using Microsoft.Extensions.Options;
using Pipeline.ServiceDefaults;
using RabbitMQ.Client;

namespace Pipeline.Orchestrator.Broker;

/// <summary>
/// A connection beside the bus, for what the bus hides: the depth of queues, the broker's refusal of a message, its bytes as they came. After a
/// failure the next attempt waits, so that a broker that is away costs nothing.
/// </summary>
internal sealed class BrokerLink(IOptions<BusOptions> options, TimeProvider time) : IAsyncDisposable
{
    private static readonly TimeSpan ConnectLimit = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(30);

    private readonly SemaphoreSlim _connecting = new(1, 1);
    private IConnection? _connection;
    private Exception? _lastFailure;
    private DateTimeOffset _nextAttempt;
    private TimeSpan _pause = TimeSpan.FromSeconds(1);

    /// <summary>False on the in-memory transport.</summary>
    public bool IsThere => options.Value.Transport == BusTransport.RabbitMq;

    /// <exception cref="InvalidOperationException">The broker did not answer a moment ago.</exception>
    public async Task<IChannel> ChannelAsync(bool confirms, CancellationToken cancellationToken)
    {
        var connection = await ConnectionAsync(cancellationToken);
        return await connection.CreateChannelAsync(new CreateChannelOptions(confirms, confirms), cancellationToken).WaitAsync(ConnectLimit, time, cancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        if (_connection is { } connection)
        {
            await connection.DisposeAsync();
        }

        _connecting.Dispose();
    }

    private async Task<IConnection> ConnectionAsync(CancellationToken cancellationToken)
    {
        await _connecting.WaitAsync(cancellationToken);
        try
        {
            if (_connection is { IsOpen: true } open)
            {
                return open;
            }

            if (time.GetUtcNow() < _nextAttempt)
            {
                throw new InvalidOperationException($"The broker did not answer; the next attempt is at '{_nextAttempt:O}'.", _lastFailure);
            }

            if (_connection is { } broken)
            {
                _connection = null;
                await broken.DisposeAsync();
            }

            var bus = options.Value;
            var factory = new ConnectionFactory
            {
                HostName = bus.Host,
                Port = bus.Port,
                VirtualHost = bus.VirtualHost,
                UserName = bus.Username,
                Password = bus.Password,
                ClientProvidedName = "orchestrator queues",
                AutomaticRecoveryEnabled = false,
                RequestedConnectionTimeout = ConnectLimit,
                RequestedHeartbeat = TimeSpan.FromSeconds(10),
                Ssl = new SslOption(bus.Host, enabled: bus.UseTls),
            };
            try
            {
                _connection = await factory.CreateConnectionAsync(cancellationToken);
                _pause = TimeSpan.FromSeconds(1);
                return _connection;
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                (_lastFailure, _nextAttempt) = (e, time.GetUtcNow() + _pause);
                _pause = _pause * 2 < LongestPause ? _pause * 2 : LongestPause;
                throw;
            }
        }
        finally
        {
            _connecting.Release();
        }
    }
}
