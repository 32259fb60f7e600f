using Microsoft.Extensions.Options;
using Pipeline.ServiceDefaults;
using Pipeline.ServiceDefaults.Dependencies;
using RabbitMQ.Client;
using RabbitMQ.Client.Exceptions;

namespace Pipeline.Orchestrator.Broker;

/// <summary>
/// A connection beside the bus, for what the bus hides: the depth of queues, the broker's refusal of a message, its bytes as they came. Behind a
/// circuit of its own: a broker that does not answer here costs nothing, and says nothing of the bus.
/// </summary>
internal sealed class BrokerLink : IHostedService, IAsyncDisposable
{
    public const string Dependency = "broker.queues";

    private static readonly TimeSpan ConnectLimit = TimeSpan.FromSeconds(5);

    private readonly BusOptions _bus;
    private readonly TimeProvider _time;
    private readonly SemaphoreSlim _connecting = new(1, 1);
    private IConnection? _connection;

    public BrokerLink(IOptions<BusOptions> options, DependencyMetrics metrics, TimeProvider time, ILogger<DependencyCircuit> logger)
    {
        (_bus, _time) = (options.Value, time);
        Circuit = new DependencyCircuit(Dependency, _bus.Circuit, ProbeAsync, metrics, time, logger);
    }

    /// <summary>False on the in-memory transport.</summary>
    public bool IsThere => _bus.Transport == BusTransport.RabbitMq;

    public DependencyCircuit Circuit { get; }

    public Task StartAsync(CancellationToken cancellationToken) => IsThere ? Circuit.StartAsync(cancellationToken) : Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Circuit.StopAsync(cancellationToken);

    /// <exception cref="BrokerCircuitOpenException">The broker is not asked for the moment.</exception>
    public async Task<IChannel> ChannelAsync(bool confirms, CancellationToken cancellationToken)
    {
        if (Circuit.IsOpen)
        {
            throw new BrokerCircuitOpenException(Circuit.Refuse());
        }

        return await AskAsync(
            async token =>
            {
                var connection = await ConnectionAsync(token);
                return await connection.CreateChannelAsync(new CreateChannelOptions(confirms, confirms), token);
            },
            ConnectLimit,
            cancellationToken);
    }

    /// <summary>Asks the broker something that it answers at once, within a time limit, and counts whether it answered.</summary>
    /// <exception cref="TimeoutException">It did not.</exception>
    public async Task<T> AskAsync<T>(Func<CancellationToken, Task<T>> ask, TimeSpan limit, CancellationToken cancellationToken)
    {
        Circuit.Asked();
        try
        {
            var answer = await ask(cancellationToken).WaitAsync(limit, _time, cancellationToken);
            Circuit.Answered();
            return answer;
        }
        catch (OperationInterruptedException e) when (e.ShutdownReason is { Initiator: ShutdownInitiator.Peer, ReplyCode: >= 400 and < 500 })
        {
            // An answer: no such queue, no such right.
            Circuit.Answered();
            throw;
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            Circuit.NotAnswered(e);
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        Circuit.Dispose();
        if (_connection is { } connection)
        {
            await connection.DisposeAsync();
        }

        _connecting.Dispose();
    }

    /// <summary>A connection and a channel; the connection is then the one that is used, so that the first ask after a recovery has it.</summary>
    private async Task ProbeAsync(CancellationToken cancellationToken)
    {
        await ForgetConnectionAsync(cancellationToken);
        var connection = await ConnectionAsync(cancellationToken);
        await using var channel = await connection.CreateChannelAsync(cancellationToken: cancellationToken);
    }

    private async Task ForgetConnectionAsync(CancellationToken cancellationToken)
    {
        await _connecting.WaitAsync(cancellationToken);
        try
        {
            if (_connection is { } suspect)
            {
                _connection = null;
                // It may wait for a good-bye that never comes.
                _ = suspect.AbortAsync(CancellationToken.None);
            }
        }
        finally
        {
            _connecting.Release();
        }
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

            if (_connection is { } broken)
            {
                _connection = null;
                await broken.DisposeAsync();
            }

            var factory = new ConnectionFactory
            {
                HostName = _bus.Host,
                Port = _bus.Port,
                VirtualHost = _bus.VirtualHost,
                UserName = _bus.Username,
                Password = _bus.Password,
                ClientProvidedName = "orchestrator queues",
                AutomaticRecoveryEnabled = false,
                RequestedConnectionTimeout = ConnectLimit,
                RequestedHeartbeat = TimeSpan.FromSeconds(10),
                Ssl = new SslOption(_bus.Host, enabled: _bus.UseTls),
            };
            return _connection = await factory.CreateConnectionAsync(cancellationToken);
        }
        finally
        {
            _connecting.Release();
        }
    }
}
