using System.Linq.Expressions;
using MassTransit;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Pipeline.SagaStore.Timers;

namespace Pipeline.SagaStore;

/// <summary>Settings of one saga's store.</summary>
public sealed class RowStoreConfigurator<TSaga, TDbContext>
    where TSaga : class, ISaga
    where TDbContext : DbContext
{
    private readonly IServiceCollection _services;

    internal RowStoreConfigurator(IServiceCollection services, RowStoreOptions options)
    {
        _services = services;
        Options = options;
    }

    /// <summary>Shared by all sagas of the DbContext.</summary>
    public RowStoreOptions Options { get; }

    /// <summary>
    /// Wakes the saga by a message when the time in its column has come (UTC). The message comes at least once, and again every few seconds
    /// while the column still names a past time, so the saga must move or clear it.
    /// </summary>
    /// <param name="wakeAt">The column; index it.</param>
    /// <param name="destination">The saga's endpoint, e.g. <c>exchange:my-saga</c>.</param>
    /// <param name="createMessage">Makes the message from the saga's id and the time that is due.</param>
    public void WakeAt<TMessage>(Expression<Func<TSaga, DateTime?>> wakeAt, Uri destination, Func<Guid, DateTime, TMessage> createMessage)
        where TMessage : class =>
        _services.AddSingleton<ITimerSource<TDbContext>>(provider =>
            new TimerSource<TSaga, TDbContext, TMessage>(wakeAt, destination, createMessage, provider.GetRequiredService<TimeProvider>()));
}
