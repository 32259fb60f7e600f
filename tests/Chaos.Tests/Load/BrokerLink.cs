using RabbitMQ.Client;

namespace Pipeline.Chaos.Tests.Load;

/// <summary>A connection to the broker that is made anew when it broke; the harness lives through every outage that it causes.</summary>
internal sealed class BrokerLink(Uri broker, string name) : IAsyncDisposable
{
    private readonly SemaphoreSlim _opening = new(1);
    private IConnection? _connection;
    private IChannel? _channel;

    /// <summary>The open channel, with publisher confirms; tries until there is one.</summary>
    public async Task<IChannel> ChannelAsync(CancellationToken cancellationToken)
    {
        await _opening.WaitAsync(cancellationToken);
        try
        {
            while (_channel is not { IsOpen: true })
            {
                try
                {
                    await CloseAsync();
                    var factory = new ConnectionFactory { Uri = broker, ClientProvidedName = $"chaos-{name}", AutomaticRecoveryEnabled = false, RequestedConnectionTimeout = TimeSpan.FromSeconds(5) };
                    _connection = await factory.CreateConnectionAsync(cancellationToken);
                    _channel = await _connection.CreateChannelAsync(new CreateChannelOptions(publisherConfirmationsEnabled: true, publisherConfirmationTrackingEnabled: true), cancellationToken);
                }
#pragma warning disable CA1031 // Whatever keeps the connection from being made passes: the broker is down on purpose.
                catch (Exception e) when (e is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
#pragma warning restore CA1031
                {
                    // A client's back-off, not a wait for a fact.
                    await Task.Delay(TimeSpan.FromMilliseconds(250), cancellationToken);
                }
            }

            return _channel;
        }
        finally
        {
            _opening.Release();
        }
    }

    /// <summary>Gives up the channel if it is still the one in use.</summary>
    public async Task DropAsync(IChannel channel)
    {
        await _opening.WaitAsync();
        try
        {
            if (ReferenceEquals(channel, _channel))
            {
                await CloseAsync();
            }
        }
        finally
        {
            _opening.Release();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await CloseAsync();
        _opening.Dispose();
    }

    private async Task CloseAsync()
    {
        var connection = _connection;
        _channel = null;
        _connection = null;
        if (connection is null)
        {
            return;
        }

        try
        {
            await connection.CloseAsync(Constants.ReplySuccess, "Goodbye", TimeSpan.FromSeconds(2), abort: true, CancellationToken.None);
            await connection.DisposeAsync();
        }
#pragma warning disable CA1031 // Nothing can be done about a connection that does not even close.
        catch (Exception)
#pragma warning restore CA1031
        {
        }
    }
}
