using Microsoft.Extensions.Options;
using Pipeline.LlmGateway.Holding;
using Pipeline.LlmGateway.Ownership;
using Pipeline.LlmGateway.Pools;
using Pipeline.LlmGateway.Pressure;
using Pipeline.LlmGateway.Writes;

namespace Pipeline.LlmGateway.Completions;

/// <summary>
/// One owner's time with a group of domains: from the taking over until it is stopped or fenced. Everything that is known only in memory lives
/// and ends with it.
/// </summary>
internal sealed class GroupSession : IDisposable
{
    private readonly IServiceProvider _services;
    private readonly ILogger<GroupSession> _logger;
    private readonly TimeProvider _time;
    private readonly GroupWriter _writer;
    private readonly Answers _answers;
    private readonly RetryPolicy _retries;
    private readonly CallRunner _calls;
    private readonly CancellationTokenSource _cut = new();
    private readonly Lock _lock = new();
    private readonly TaskCompletionSource _receiving = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private TaskCompletionSource? _idle;
    private int _inWork;

    public GroupSession(DomainGroup group, long epoch, IServiceProvider services)
    {
        Group = group;
        Epoch = epoch;
        _services = services;
        _time = services.GetRequiredService<TimeProvider>();
        _logger = services.GetRequiredService<ILogger<GroupSession>>();
        _retries = services.GetRequiredService<RetryPolicy>();
        _writer = ActivatorUtilities.CreateInstance<GroupWriter>(services, group, epoch);
        _answers = ActivatorUtilities.CreateInstance<Answers>(services, group, _writer);
        var pools = services.GetRequiredService<ModelPoolCatalog>();
        Dispatcher = new Dispatcher(
            group, new GroupLimits(group, pools, _time), pools, _retries, services.GetRequiredService<IOptions<HoldQueueOptions>>(),
            services.GetRequiredService<CompletionMetrics>(), _time, services.GetRequiredService<ILogger<Dispatcher>>())
        {
            Start = x => Run(() => _calls!.RunAsync(x, _cut.Token)),
            Refuse = (request, pool, failure, effort) => Run(() => _calls!.RefuseAsync(request, pool, failure, effort, null, null, _cut.Token)),
        };
        _calls = ActivatorUtilities.CreateInstance<CallRunner>(services, epoch, Dispatcher, _writer, _answers);
    }

    public DomainGroup Group { get; }

    public long Epoch { get; }

    public Dispatcher Dispatcher { get; }

    /// <summary>Completes when the group's queues are connected.</summary>
    public Task Receiving => _receiving.Task;

    /// <summary>Works until it is stopped; returns when what is in work is done, or cut off after the stop's patience.</summary>
    /// <exception cref="FencedException">Another process has taken the domains.</exception>
    public async Task RunAsync(CancellationToken stopping)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        var endpoints = new GroupEndpoints(_services, Group);
        var writing = _writer.RunAsync(_cut.Token);
        try
        {
            var takeover = ActivatorUtilities.CreateInstance<Takeover>(_services);
            var (held, unknown) = await takeover.HeldAsync(Group, Epoch, stopping);
            Dispatcher.Restore(await takeover.ChargesAsync(Group, stopping));
            foreach (var request in held)
            {
                Dispatcher.Add(request);
            }

            _logger.TakenOver(Group.Name, Epoch, held.Count, unknown);
            var working = new List<Task>
            {
                writing,
                Dispatcher.RunAsync(stop.Token),
                RenewAsync(stop.Token),
                _answers.SweepAsync(stop.Token),
                ActivatorUtilities.CreateInstance<PressureNews>(_services, Dispatcher).RunAsync(stop.Token),
                endpoints.RunAsync(Consumer, _receiving, stop.Token),
            };
            await await Task.WhenAny(working);
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // Told to stop.
        }
        finally
        {
            await stop.CancelAsync();
            if (!stopping.IsCancellationRequested)
            {
                // Not the owner any more, or unable to be it: what is in flight is the next owner's.
                await _cut.CancelAsync();
            }

            await endpoints.StopAsync();
            if (stopping.IsCancellationRequested && !writing.IsCompleted)
            {
                await IdleAsync();
                _writer.Complete();
                await Task.WhenAny(writing, Task.Delay(TimeSpan.FromSeconds(2), CancellationToken.None));
            }

            await _cut.CancelAsync();
            await IdleAsync();
            _receiving.TrySetCanceled(CancellationToken.None);
            _ = _receiving.Task.Exception;
        }
    }

    public void Dispose() => _cut.Dispose();

    private RequestCompletionConsumer Consumer() =>
        ActivatorUtilities.CreateInstance<RequestCompletionConsumer>(_services, Group, Dispatcher, _writer, _answers);

    private async Task RenewAsync(CancellationToken cancellationToken)
    {
        var leases = _services.GetRequiredService<LeaseStore>();
        var interval = _services.GetRequiredService<IOptions<OwnershipOptions>>().Value.LeaseRenewal;
        while (true)
        {
            await Task.Delay(interval, _time, cancellationToken);
            try
            {
                if (!await leases.RenewAsync(Group.Domains, Epoch, cancellationToken))
                {
                    throw new FencedException(Group.Name, Epoch);
                }
            }
            catch (Exception e) when (e is not FencedException && !cancellationToken.IsCancellationRequested)
            {
                // Without the database nothing is dispatched either; if it is away for long, another process takes over.
                _logger.NotRenewed(e, Group.Name, Epoch);
            }
        }
    }

    private void Run(Func<Task> work)
    {
        lock (_lock)
        {
            _inWork++;
        }

        _ = Track();

        async Task Track()
        {
            try
            {
                await work();
            }
            finally
            {
                lock (_lock)
                {
                    if (--_inWork == 0)
                    {
                        _idle?.TrySetResult();
                    }
                }
            }
        }
    }

    /// <summary>Waits, within the stop's patience, until nothing is in work.</summary>
    private async Task IdleAsync()
    {
        Task idle;
        lock (_lock)
        {
            if (_inWork == 0)
            {
                return;
            }

            _idle = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            idle = _idle.Task;
        }

        var patience = _services.GetRequiredService<IOptions<OwnershipOptions>>().Value.StopPatience;
        if (await Task.WhenAny(idle, Task.Delay(patience, CancellationToken.None)) != idle)
        {
            _logger.CutOff(Group.Name, patience.TotalSeconds);
        }
    }
}
