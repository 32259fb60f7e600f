using System.Net.Mime;
using System.Text.Encodings.Web;
using System.Text.Json;
using MassTransit;
using MassTransit.Serialization;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace Pipeline.ServiceDefaults;

/// <summary>
/// The one bus configuration, for both transports: quorum queues, raw JSON towards upstream systems, start and stop limits.
/// A service adds its consumers and describes its queues; everything else is decided here.
/// </summary>
public static class PipelineBus
{
    /// <summary>The content type of everything that crosses the boundary to upstream systems.</summary>
    public static readonly ContentType RawJson = SystemTextJsonRawMessageSerializer.JsonContentType;

    /// <summary>What MassTransit clients read without being told otherwise: answers to their requests.</summary>
    public static readonly ContentType Envelope = SystemTextJsonMessageSerializer.JsonContentType;

    /// <summary>Adds the bus. Call once for a process; <paramref name="configure"/> adds the consumers of every service in it.</summary>
    public static IHostApplicationBuilder AddPipelineBus(this IHostApplicationBuilder builder, Action<IBusRegistrationConfigurator> configure)
    {
        builder.Services.AddOptions<BusOptions>().BindConfiguration(BusOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        builder.Services.AddOptions<MassTransitHostOptions>().Configure<IOptions<BusOptions>>((host, bus) =>
        {
            // With the default, a service reports itself started before its queues exist and early publishes go nowhere.
            host.WaitUntilStarted = true;
            host.StartTimeout = bus.Value.StartTimeout;
            host.StopTimeout = bus.Value.StopTimeout;
        });

        var options = builder.Configuration.GetSection(BusOptions.Section).Get<BusOptions>() ?? new BusOptions();
        builder.Services.AddMassTransit(bus =>
        {
            // MassTransit would report how it is used to its maker: a service on a closed network must not even try.
            bus.DisableUsageTelemetry();
            configure(bus);
            switch (options.Transport)
            {
                case BusTransport.InMemory:
                    bus.UsingInMemory(ConfigureInMemory);
                    break;
                case BusTransport.RabbitMq:
                    bus.UsingRabbitMq(ConfigureRabbitMq);
                    break;
                default:
                    throw new InvalidOperationException($"The configuration value Bus:Transport is '{options.Transport}'. Set it to RabbitMq or InMemory.");
            }
        });
        return builder;
    }

    /// <summary>Describes the queues of a service. May be called by several services in one process.</summary>
    public static void AddReceiveEndpoints(this IBusRegistrationConfigurator bus, Func<IServiceProvider, IEnumerable<PipelineEndpoint>> describe) =>
        bus.AddSingleton(new EndpointDescription(describe));

    /// <summary>Describes messages that leave for upstream systems (exchange, routing key). May be called by several services in one process.</summary>
    public static void ConfigureTopology(this IBusRegistrationConfigurator bus, Action<IBusFactoryConfigurator> configure) =>
        bus.AddSingleton(new TopologyDescription(configure));

    /// <summary>
    /// Connects a queue to the running bus, for a service that consumes it only at times; configured as those that are described.
    /// The handle's <c>Ready</c> completes when the broker has it; stop the handle to stop consuming.
    /// </summary>
    public static HostReceiveEndpointHandle ConnectEndpoint(this IServiceProvider services, PipelineEndpoint endpoint)
    {
        var options = services.GetRequiredService<IOptions<BusOptions>>().Value;
        return services.GetRequiredService<IReceiveEndpointConnector>().ConnectReceiveEndpoint(endpoint.QueueName, (context, queue) =>
        {
            if (queue is IRabbitMqReceiveEndpointConfigurator rabbitMq)
            {
                ConfigureQueue(context, endpoint, options, rabbitMq);
            }
            else
            {
                ConfigureQueue(context, endpoint, queue);
            }
        });
    }

    private static void ConfigureRabbitMq(IBusRegistrationContext context, IRabbitMqBusFactoryConfigurator bus)
    {
        var options = context.GetRequiredService<IOptions<BusOptions>>().Value;
        bus.Host(options.Host, (ushort)options.Port, options.VirtualHost, host =>
        {
            host.Username(options.Username);
            host.Password(options.Password);
            host.PublisherConfirmation = true;
            // A connection that is dead without saying so keeps its deliveries until this is noticed, after two of them at the latest. The
            // client's own minute would be two minutes in which those invocations stand still.
            host.Heartbeat(TimeSpan.FromSeconds(10));
            if (options.UseTls)
            {
                host.UseSsl(tls => tls.ServerName = options.Host);
            }
        });
        UseCompactJson(bus);
        bus.ConnectSendObserver(new ReplyCorrelation());
        ApplyTopology(context, bus);
        foreach (var endpoint in Endpoints(context))
        {
            bus.ReceiveEndpoint(endpoint.QueueName, queue => ConfigureQueue(context, endpoint, options, queue));
        }
    }

    private static void ConfigureInMemory(IBusRegistrationContext context, IInMemoryBusFactoryConfigurator bus)
    {
        UseCompactJson(bus);
        ApplyTopology(context, bus);
        foreach (var endpoint in Endpoints(context))
        {
            bus.ReceiveEndpoint(endpoint.QueueName, queue => ConfigureQueue(context, endpoint, queue));
        }
    }

    private static void ConfigureQueue(IBusRegistrationContext context, PipelineEndpoint endpoint, BusOptions options, IRabbitMqReceiveEndpointConfigurator queue)
    {
        if (endpoint.Temporary)
        {
            queue.Durable = false;
            queue.AutoDelete = true;
            queue.DiscardFaultedMessages();
            queue.DiscardSkippedMessages();
        }
        else if (options.QuorumQueues)
        {
            queue.SetQuorumQueue();
        }

        if (endpoint.SingleActiveConsumer)
        {
            queue.SingleActiveConsumer = true;
        }

        if (endpoint.BoundTo is { } binding)
        {
            Bind(queue, binding);
        }

        ConfigureQueue(context, endpoint, queue);
    }

    private static void ConfigureQueue(IBusRegistrationContext context, PipelineEndpoint endpoint, IReceiveEndpointConfigurator queue)
    {
        queue.ConfigureConsumeTopology = endpoint.Temporary;
        ApplyLimits(endpoint, queue);
        endpoint.Configure(context, queue);
    }

    private static void UseCompactJson(IBusFactoryConfigurator bus)
    {
        // Quotes and markup as they are, not as six characters each: a submission near its limit must not grow past it on the way. No browser reads it.
        bus.ConfigureJsonSerializerOptions(json => new JsonSerializerOptions(json) { WriteIndented = false, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
        bus.AddRawJsonSerializer(RawSerializerOptions.AddTransportHeaders);
    }

    private static void Bind(IRabbitMqReceiveEndpointConfigurator queue, DirectBinding binding)
    {
        if (binding.RoutingKey is null)
        {
            queue.Bind(binding.UnroutedExchange, exchange => exchange.ExchangeType = "fanout");
            return;
        }

        queue.Bind(binding.Exchange, exchange =>
        {
            exchange.ExchangeType = "direct";
            exchange.RoutingKey = binding.RoutingKey;
            exchange.SetExchangeArgument("alternate-exchange", binding.UnroutedExchange);
        });
    }

    private static void ApplyLimits(PipelineEndpoint endpoint, IReceiveEndpointConfigurator queue)
    {
        queue.PrefetchCount = endpoint.PrefetchCount;
        queue.ConcurrentMessageLimit = endpoint.ConcurrentMessageLimit;
    }

    private static void ApplyTopology(IBusRegistrationContext context, IBusFactoryConfigurator bus)
    {
        foreach (var topology in context.GetServices<TopologyDescription>())
        {
            topology.Configure(bus);
        }
    }

    private static IEnumerable<PipelineEndpoint> Endpoints(IBusRegistrationContext context) =>
        context.GetServices<EndpointDescription>().SelectMany(x => x.Describe(context));

    private sealed record EndpointDescription(Func<IServiceProvider, IEnumerable<PipelineEndpoint>> Describe);

    private sealed record TopologyDescription(Action<IBusFactoryConfigurator> Configure);
}
