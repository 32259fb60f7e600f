using MassTransit;
using MassTransit.Saga;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Pipeline.SagaStore.Outgoing;

namespace Pipeline.SagaStore;

/// <summary>Registration, in MassTransit's own style.</summary>
public static class SagaStoreRegistration
{
    /// <summary>
    /// Keeps the saga in its own row of <typeparamref name="TDbContext"/>: state, ids of consumed messages and outgoing messages are
    /// committed together, once for each event. The DbContext must be registered, and its model must call
    /// <see cref="SagaStoreModel.AddSagaOutgoing"/> and <see cref="SagaStoreModel.HasSagaRow{TSaga}"/>.
    /// <para>
    /// MassTransit's <c>Schedule</c> and <c>Unschedule</c> are not part of the event: a delay is not stored with the message. Use a column
    /// and <see cref="RowStoreConfigurator{TSaga, TDbContext}.WakeAt"/>, which need no scheduler and cannot be lost.
    /// </para>
    /// </summary>
    /// <param name="saga">The saga's registration: <c>bus.AddSagaStateMachine&lt;…&gt;().RowStore&lt;MyDbContext&gt;()</c>.</param>
    /// <param name="configure">Settings for the DbContext's store; those of several sagas of one DbContext apply one after the other.</param>
    public static ISagaRegistrationConfigurator<TSaga> RowStore<TSaga, TDbContext>(this ISagaRegistrationConfigurator<TSaga> saga, Action<RowStoreConfigurator<TSaga, TDbContext>>? configure = null)
        where TSaga : class, ISaga
        where TDbContext : DbContext =>
        saga.Repository(services =>
        {
            services.TryAddSingleton(TimeProvider.System);
            services.TryAddSingleton<SagaStoreMetrics>();
            services.TryAddSingleton<MessageComposers>();
            services.TryAddSingleton<OutgoingDispatcher>();
            services.TryAddSingleton<InstanceTurns>();

            var options = (RowStoreOptions?)services.LastOrDefault(x => x.ServiceType == typeof(RowStoreOptions<TDbContext>))?.ImplementationInstance;
            if (options is null)
            {
                var own = new RowStoreOptions<TDbContext>();
                options = own;
                services.AddSingleton(own);
                services.AddSingleton(provider => Create<ConfirmedBatches<TDbContext>>(provider, own));
                services.AddHostedService(provider => provider.GetRequiredService<ConfirmedBatches<TDbContext>>());
                services.AddSingleton(provider => new SagaOutgoing<TDbContext>(provider.GetRequiredService<IServiceScopeFactory>(), provider.GetRequiredService<TimeProvider>()));
                services.AddHostedService(provider => Create<OutgoingSweeper<TDbContext>>(provider, own));
            }

            configure?.Invoke(new RowStoreConfigurator<TSaga, TDbContext>(services, options));
            services.AddSingleton(provider => Create<RowStoreContextFactory<TSaga, TDbContext>>(provider, options));
            services.AddSingleton<ISagaRepositoryContextFactory<TSaga>>(provider => provider.GetRequiredService<RowStoreContextFactory<TSaga, TDbContext>>());
            services.AddSingleton<ILoadSagaRepositoryContextFactory<TSaga>>(provider => provider.GetRequiredService<RowStoreContextFactory<TSaga, TDbContext>>());
            services.AddSingleton<IQuerySagaRepositoryContextFactory<TSaga>>(provider => provider.GetRequiredService<RowStoreContextFactory<TSaga, TDbContext>>());
            services.TryAddSingleton<ISagaRepository<TSaga>>(provider =>
            {
                var factory = provider.GetRequiredService<RowStoreContextFactory<TSaga, TDbContext>>();
                return new SagaRepository<TSaga>(factory, factory, factory);
            });
            services.TryAddSingleton<ILoadSagaRepository<TSaga>>(provider => new SagaRepository<TSaga>(null!, null, provider.GetRequiredService<ILoadSagaRepositoryContextFactory<TSaga>>()));
            services.TryAddSingleton<IQuerySagaRepository<TSaga>>(provider => new SagaRepository<TSaga>(null!, provider.GetRequiredService<IQuerySagaRepositoryContextFactory<TSaga>>()));
        });

    /// <summary>Messages of type <typeparamref name="TReference"/> that a saga sends are composed when they leave.</summary>
    public static IServiceCollection AddMessageComposer<TReference, TComposer>(this IServiceCollection services)
        where TReference : class
        where TComposer : class, IMessageComposer<TReference>
    {
        services.TryAddScoped<TComposer>();
        return services.AddSingleton(MessageComposers.Registration.Of<TReference, TComposer>());
    }

    private static T Create<T>(IServiceProvider provider, RowStoreOptions options)
        where T : class => ActivatorUtilities.CreateInstance<T>(provider, options);
}
